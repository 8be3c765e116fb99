"""Clients of our own, on top of impacket, scapy and Samba, for what their tools do not do."""
