"""The laboratory that records the captures of this project."""
