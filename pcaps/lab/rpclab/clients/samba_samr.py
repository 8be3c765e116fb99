"""Samba's Python client, which alone of its clients can send big-endian or offer NDR64: `samba_samr BINDING CONF`.

It runs with the system's Python, which has Samba's modules.
"""

import sys

from samba.credentials import Credentials
from samba.dcerpc import samr
from samba.param import LoadParm

from .. import settings

MAXIMUM_ALLOWED = 0x02000000


def main():
    binding, configuration = sys.argv[1:]
    parameters = LoadParm()
    parameters.load(configuration)
    account = Credentials()
    account.guess(parameters)
    account.set_username(settings.ADMIN)
    account.set_password(settings.ADMIN_PASSWORD)
    account.set_domain(settings.DOMAIN)
    server = samr.samr(binding, parameters, account)
    print(server.EnumDomains(server.Connect2(None, MAXIMUM_ALLOWED), 0, 100)[1])


if __name__ == "__main__":
    main()
