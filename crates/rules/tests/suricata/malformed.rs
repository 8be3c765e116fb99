//! What the loader says to rule text that is wrong. The snapshots are what its author reads.

use crate::messages::load;
use crate::support::shown;

fn said(texts: &[String]) -> String {
    let said = |text: &String| {
        let (set, findings) = load(text);
        format!("{text}\n=> {} loaded\n{}", set.rules().len(), shown(&findings))
    };
    texts.iter().map(said).collect::<Vec<_>>().join("\n")
}

#[test]
fn headers() {
    let options = "(dce_opnum:1; flow:to_server; sid:1;)";
    let headers = [
        "alert tcp any any -> any any",
        "drop tcp any any -> any any",
        "alrt tcp any any -> any any",
        "alert tcp-pkt any any -> any any",
        "alert http any any -> any any",
        "alert",
        "alert tcp any any any any",
        "alert tcp any any <- any any",
        "alert tcp any -> any any",
        "alert tcp any any any -> any any",
        "alert tcp !any any -> any any",
        "alert tcp $HOME_NTE any -> any any",
        "alert tcp [10.0.0.0/8,any any -> any any",
        "alert tcp 10.0.0.0/40 any -> any 99999",
        "alert tcp any 90:80 -> any [80,",
        "alert tcp home any -> any any",
        "alert tcp any 135 -> any any",
    ];
    let mut texts: Vec<String> = headers.map(|header| format!("{header} {options}")).to_vec();
    texts.push("alert tcp any any -> any any".into());
    texts.push("alert tcp any any -> any any (sid:1;".into());
    texts.push("alert tcp any 135 -> any any (dce_opnum:1; \\\n  flow:to_server; \\\n  sid:1;)".into());
    texts.push("alert tcp any any -> any any (dce_opnum:1; sid:1;)\nalert tcp any any -> any any (dce_opnum:2; sid:1;)".into());
    insta::assert_snapshot!(said(&texts));
}

#[test]
fn options() {
    let options = [
        "sid:1",
        "dce_opnum:1;",
        "dce_opnum:1; sid:x;",
        "dce_opnum:1; sid:1; sid:2;",
        "msg:no quotes; dce_opnum:1; sid:1;",
        "msg:\"a;b\"; dce_opnum:1; sid:1;",
        "msg:\"typographic”; dce_opnum:1; sid:1;",
        "msg:“typographic”; dce_opnum:1; sid:1;",
        "colour:red; dce_opnum:1; sid:1;",
        "contnet:\"a\"; sid:1;",
        "http.uri; content:\"a\"; sid:1;",
        "file_data; content:\"a\"; sid:1;",
        "flags:S; sid:1;",
        "lua:x.lua; sid:1;",
        "app-layer-event:smb.file_overlap; sid:1;",
        "replace:\"a\"; sid:1;",
        "xbits:set,a,track ip_src; sid:1;",
        "byte_math:bytes 2,offset 0,oper +,rvalue 1,result r; sid:1;",
        "dce_stub_data; sid:1;",
        "dce_stub_data:x; content:\"a\"; sid:1;",
        "dce_iface; sid:1;",
        "sid:1;",
        "flow:to_server; sid:1;",
        "dce_iface:svcctl; sid:1;",
        "dce_iface:367abb81-9844-35f1-ad32-98f03800100; sid:1;",
        "dce_iface:367abb81-9844-35f1-ad32-98f038001003,<0; sid:1;",
        "dce_iface:367abb81-9844-35f1-ad32-98f038001003,=65536; sid:1;",
        "dce_iface:367abb81-9844-35f1-ad32-98f038001003,=1,x; sid:1;",
        "dce_opnum:a; sid:1;",
        "dce_opnum:6513--; sid:1;",
        "dce_opnum:18-15; sid:1;",
        "dce_opnum:70000; sid:1;",
        "content:\"\"; sid:1;",
        "content:\"|0g|\"; sid:1;",
        "content:\"a\"; depth:0; sid:1;",
        "content:\"abc\"; within:2; sid:1;",
        "content:\"a\"; startswith; depth:1; sid:1;",
        "content:\"a\"; offset:1; offset:2; sid:1;",
        "content:\"a\"; offset:skip; sid:1;",
        "nocase; dce_opnum:1; sid:1;",
        "pcre:\"a\"; sid:1;",
        "pcre:\"/(a/\"; sid:1;",
        "pcre:\"/(?=a)b/\"; sid:1;",
        "pcre:\"/(a)\\1/\"; sid:1;",
        "pcre:\"/a/U\"; sid:1;",
        "byte_test:4,=,5; sid:1;",
        "byte_test:9,=,5,0; sid:1;",
        "byte_test:4,~,5,0; sid:1;",
        "byte_test:4,=,5,0,dce,little; sid:1;",
        "byte_test:4,=,5,0,relatve; sid:1;",
        "byte_jump:4; sid:1;",
        "byte_extract:4,0,1; sid:1;",
        "isdataat:x; sid:1;",
        "bsize:10<>11; sid:1;",
        "flow:to_sever; dce_opnum:1; sid:1;",
        "flow:to_server,to_client; dce_opnum:1; sid:1;",
        "flow:not_established; dce_opnum:1; sid:1;",
        "flowbits:sett,a; dce_opnum:1; sid:1;",
        "flowbits:set; dce_opnum:1; sid:1;",
        "flowbits:set,a|b; dce_opnum:1; sid:1;",
        "flowbits:isset,a|b&c; dce_opnum:1; sid:1;",
        "tag:sesion; dce_opnum:1; sid:1;",
        "tag:session,5; dce_opnum:1; sid:1;",
        "tag:session,5,pakets; dce_opnum:1; sid:1;",
        "threshold:type limt, track by_src, count 1, seconds 60; dce_opnum:1; sid:1;",
        "threshold:type limit, track by_src, seconds 60; dce_opnum:1; sid:1;",
        "detection_filter:track by_src, count 0, seconds 60; dce_opnum:1; sid:1;",
        "classtype:policy-voilation; dce_opnum:1; flow:to_server; sid:1;",
        "target:server; dce_opnum:1; sid:1;",
        "requires:feature lua; dce_opnum:1; sid:1;",
        "frame:smb2.data; content:\"a\"; sid:1;",
        "smb.share; content:\"C$\"; sid:1;",
        "smb.share; sid:1;",
        "smb.share; content:\"C$\"; flow:to_client; sid:1;",
        "smb.share; content:\"C$\"; dce_opnum:1; sid:1;",
        "service:http; dce_opnum:1; sid:1;",
    ];
    let texts: Vec<String> =
        options.map(|options| format!("alert tcp any any -> any any ({options})")).to_vec();
    insta::assert_snapshot!(said(&texts));
}

#[test]
fn subjects() {
    let texts = [
        "alert tcp any any -> any 25 (content:\"HELO\"; sid:1;)",
        "alert tcp any any -> any any (msg:\"anything\"; sid:1;)",
        "alert dcerpc any any -> any any (msg:\"anything\"; sid:1;)",
        "alert tcp any any -> any 445 (content:\"|ff|SMB|25|\"; offset:4; depth:5; sid:1;)",
        "alert tcp any any -> any [80,443] (content:\"a\"; flow:to_server; sid:1;)",
    ];
    insta::assert_snapshot!(said(&texts.map(str::to_owned)));
}
