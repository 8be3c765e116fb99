"""Long requests cut into small fragments: `fragments HOST LEVEL BYTES tcp|np`."""

import sys

from impacket.dcerpc.v5 import lsad, lsat, samr

from .connect import attempt, mapped_port, pipe, tcp

NAMES = [f"user{number:04d}" for number in range(200)] + ["Administrator"]


def main():
    host, level, size, transport = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    if transport == "np":
        rpc = pipe(host, "lsarpc", level=level)
        rpc.bind(lsat.MSRPC_UUID_LSAT)
        rpc.set_max_fragment_size(size)
        policy = lsad.hLsarOpenPolicy2(rpc)["PolicyHandle"]
        attempt(lsat.hLsarLookupNames, rpc, policy, NAMES)
    else:
        rpc = tcp(host, mapped_port(host, samr.MSRPC_UUID_SAMR), level=level)
        rpc.bind(samr.MSRPC_UUID_SAMR)
        rpc.set_max_fragment_size(size)
        server = samr.hSamrConnect(rpc)["ServerHandle"]
        identifier = samr.hSamrLookupDomainInSamServer(rpc, server, "LAB")["DomainId"]
        domain = samr.hSamrOpenDomain(rpc, server, domainId=identifier)["DomainHandle"]
        attempt(samr.hSamrLookupNamesInDomain, rpc, domain, NAMES)


if __name__ == "__main__":
    main()
