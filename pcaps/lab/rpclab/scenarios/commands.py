"""The command lines that scenarios share."""

from .. import settings

DC = settings.DC_ADDRESS
DC_ACCOUNT = f"{settings.DOMAIN}/{settings.ADMIN}:{settings.ADMIN_PASSWORD}"
DC_TARGET = f"{DC_ACCOUNT}@{DC}"
SAMBA_ACCOUNT = ("-U", f"{settings.DOMAIN}/{settings.ADMIN}%{settings.ADMIN_PASSWORD}")
# impacket and Samba's tools, when they take the tickets instead of the password.
IMPACKET_TICKETS = ("-k", "-no-pass", "-dc-ip", DC)
SAMBA_TICKETS = ("--use-kerberos=required", "--use-krb5-ccache={tickets}", "--option=client use kerberos=required")
DC_TARGET_BY_NAME = f"{settings.REALM}/{settings.ADMIN}@{settings.DC_NAME}"
# What decrypts tickets for the domain controller.
DC_KEY = {"DC1$": settings.DC_MACHINE_PASSWORD}


def impacket(tool: str, *arguments: str) -> tuple[str, ...]:
    """One of impacket's tools, as it is."""
    return (f"{{tools}}/{tool}", *arguments)


def impacket_smb2(tool: str, *arguments: str) -> tuple[str, ...]:
    """The same over SMB 2.1, where it does not encrypt."""
    return own("interop", "--smb2", tool, *arguments)


def own(client: str, *arguments) -> tuple[str, ...]:
    """One of our own clients."""
    return ("{python}", "-m", f"{{client}}.{client}", *map(str, arguments))


def rpcclient(binding: str, commands: str, *options: str, account=SAMBA_ACCOUNT) -> tuple[str, ...]:
    return ("rpcclient", "-s", "{scratch}/smb.conf", *options, *account, binding, "-c", commands)


def net(*arguments: str, account=SAMBA_ACCOUNT) -> tuple[str, ...]:
    return ("net", "-s", "{scratch}/smb.conf", *arguments, "-S", DC, *account)


def samba_tool(*arguments: str) -> tuple[str, ...]:
    return ("samba-tool", *arguments, "--configfile={scratch}/smb.conf", *SAMBA_ACCOUNT)
