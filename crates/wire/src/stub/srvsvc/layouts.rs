//! The structures of srvsvc ([MS-SRVS] 2.2.4), by level.

use super::super::lanman::{Levels, Member, fit};
use Member::{Bytes, Ignored, Number, Password, Symbol, Text};

/// SHARE_INFO ([MS-SRVS] 2.2.4.22 to 2.2.4.31).
pub(super) const SHARES: Levels = &[
    (0, &[SHARE]),
    (1, &[SHARE, TYPE, REMARK]),
    (2, &[SHARE, TYPE, REMARK, PERMISSIONS, MAX_USES, USES, PATH, PASSWORD]),
    (501, &[SHARE, TYPE, REMARK, Number("flags")]),
    (502, &[SHARE, TYPE, REMARK, PERMISSIONS, MAX_USES, USES, PATH, PASSWORD, Ignored, Bytes]),
    (
        503,
        &[SHARE, TYPE, REMARK, PERMISSIONS, MAX_USES, USES, PATH, PASSWORD, Text("server"), Ignored, Bytes],
    ),
    (1004, &[REMARK]),
    (1005, &[Number("flags")]),
    (1006, &[MAX_USES]),
    (1501, &[Ignored, Bytes]),
];

const SHARE: Member = Text("share");
const TYPE: Member = Symbol("type", SHARE_TYPES);
const REMARK: Member = Text("remark");
const PERMISSIONS: Member = Number("permissions");
const MAX_USES: Member = Number("max_uses");
const USES: Member = Number("uses");
const PATH: Member = Text("path");
const PASSWORD: Member = Password("password_bytes");

/// SESSION_INFO ([MS-SRVS] 2.2.4.11 to 2.2.4.15).
pub(super) const SESSIONS: Levels = &[
    (0, &[CLIENT]),
    (1, &[CLIENT, USER, OPENS, ACTIVE, IDLE, FLAGS]),
    (2, &[CLIENT, USER, OPENS, ACTIVE, IDLE, FLAGS, CLIENT_TYPE]),
    (10, &[CLIENT, USER, ACTIVE, IDLE]),
    (502, &[CLIENT, USER, OPENS, ACTIVE, IDLE, FLAGS, CLIENT_TYPE, Text("transport")]),
];

const CLIENT: Member = Text("client");
const USER: Member = Text("user");
const OPENS: Member = Number("opens");
const ACTIVE: Member = Number("active_seconds");
const IDLE: Member = Number("idle_seconds");
const FLAGS: Member = Number("flags");
const CLIENT_TYPE: Member = Text("client_type");

/// FILE_INFO ([MS-SRVS] 2.2.4.6, 2.2.4.7).
pub(super) const FILES: Levels =
    &[(2, &[Number("id")]), (3, &[Number("id"), PERMISSIONS, Number("locks"), PATH, USER])];

/// CONNECTION_INFO ([MS-SRVS] 2.2.4.1, 2.2.4.2). The name is that of a share or a computer, whichever was not asked for.
pub(super) const CONNECTIONS: Levels =
    &[(0, &[Number("id")]), (1, &[Number("id"), TYPE, OPENS, Number("users"), ACTIVE, USER, Text("name")])];

/// SERVER_INFO ([MS-SRVS] 2.2.4.40 to 2.2.4.42, 2.2.4.47). Level 103 goes on after what is told.
pub(super) const SERVERS: Levels = &[
    (100, &[PLATFORM, SERVER]),
    (101, &[PLATFORM, SERVER, MAJOR, MINOR, SOFTWARE, DESCRIPTION]),
    (
        102,
        &[
            PLATFORM,
            SERVER,
            MAJOR,
            MINOR,
            SOFTWARE,
            DESCRIPTION,
            Number("users"),
            Ignored,
            Number("hidden"),
            Ignored,
            Ignored,
            Ignored,
            Text("user_path"),
        ],
    ),
    (1005, &[DESCRIPTION]),
];

const PLATFORM: Member = Number("platform");
const SERVER: Member = Text("server");
const MAJOR: Member = Number("version_major");
const MINOR: Member = Number("version_minor");
const SOFTWARE: Member = Number("type");
const DESCRIPTION: Member = Text("description");

/// SERVER_TRANSPORT_INFO ([MS-SRVS] 2.2.4.93 to 2.2.4.95).
pub(super) const TRANSPORTS: Levels = &[
    (0, &[CIRCUITS, TRANSPORT, Bytes, Ignored, ADDRESS]),
    (1, &[CIRCUITS, TRANSPORT, Bytes, Ignored, ADDRESS, Text("domain")]),
    (2, &[CIRCUITS, TRANSPORT, Bytes, Ignored, ADDRESS, Text("domain"), FLAGS]),
];

const CIRCUITS: Member = Number("connections");
const TRANSPORT: Member = Text("transport");
const ADDRESS: Member = Text("address");

/// SERVER_ALIAS_INFO_0 ([MS-SRVS] 2.2.4.102). Whether it is the default is one byte, which padding makes four.
pub(super) const ALIASES: Levels = &[(0, &[Text("alias"), Text("target"), Ignored, Ignored])];

const _: () = assert!(
    fit(SHARES)
        && fit(SESSIONS)
        && fit(FILES)
        && fit(CONNECTIONS)
        && fit(SERVERS)
        && fit(TRANSPORTS)
        && fit(ALIASES)
);

/// [MS-SRVS] 2.2.2.4: the kind, special when only administrators may use it.
pub(super) const SHARE_TYPES: &[(u32, &str)] = &[
    (0, "disk"),
    (1, "print_queue"),
    (2, "device"),
    (3, "ipc"),
    (0x8000_0000, "special_disk"),
    (0x8000_0001, "special_print_queue"),
    (0x8000_0002, "special_device"),
    (0x8000_0003, "special_ipc"),
    (0x4000_0000, "temporary_disk"),
];
