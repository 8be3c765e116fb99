"""All scenarios, one file for each family. They run in this order: some need what an earlier one has made."""

from . import attacks, authentication, benign, dcom, directory, transports

ALL = (
    *authentication.SCENARIOS,
    *transports.SCENARIOS,
    *directory.SCENARIOS,
    *attacks.SCENARIOS,
    *dcom.SCENARIOS,
    *benign.SCENARIOS,
)
