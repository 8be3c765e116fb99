//! Request-to-send PDUs, which manage the channels of RPC over HTTP.

use crate::Reader;
use rpcscope_model::ParseError;
use uuid::Uuid;

/// A request-to-send PDU ([MS-RPCH] 2.2.3.6).
#[derive(Clone, Copy, Debug)]
pub struct Rts<'a> {
    /// Flags ([MS-RPCH] 2.2.3.6.1).
    pub flags: u16,
    count: u16,
    commands: Reader<'a>,
}

impl<'a> Rts<'a> {
    pub(super) fn parse(mut reader: Reader<'a>) -> Result<Self, ParseError> {
        let flags = reader.u16("Flags")?;
        let count = reader.u16("NumberOfCommands")?;
        Ok(Self { flags, count, commands: reader })
    }

    /// The commands, in order; ends after the first that cannot be read.
    pub const fn commands(&self) -> RtsCommands<'a> {
        RtsCommands { left: self.count, reader: self.commands }
    }

    /// The cookies, in order. The first of CONN/A1 and CONN/B1 names the virtual connection.
    pub fn cookies(&self) -> impl Iterator<Item = Uuid> + use<'a> {
        self.commands().filter_map(|command| match command {
            Ok(RtsCommand::Cookie(cookie)) => Some(cookie),
            _ => None,
        })
    }
}

/// A command of a request-to-send PDU ([MS-RPCH] 2.2.3.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RtsCommand {
    /// Names a virtual connection or a channel.
    Cookie(Uuid),
    /// How long a channel lives, in bytes.
    ChannelLifetime(u32),
    /// Names an association group.
    AssociationGroupId(Uuid),
    /// Where the PDU is to go: 0 client, 1 in-proxy, 2 server, 3 out-proxy.
    Destination(u32),
    /// Any other command, by its number.
    Other(u32),
}

/// Iterates over commands.
#[derive(Clone, Copy, Debug)]
pub struct RtsCommands<'a> {
    left: u16,
    reader: Reader<'a>,
}

impl RtsCommands<'_> {
    fn command(&mut self) -> Result<RtsCommand, ParseError> {
        let reader = &mut self.reader;
        let kind = reader.u32("CommandType")?;
        Ok(match kind {
            0x0 | 0x2 | 0x5 | 0x6 | 0xe => {
                reader.skip("value", 4)?;
                RtsCommand::Other(kind)
            }
            0x1 => {
                reader.skip("FlowControlAck", 24)?;
                RtsCommand::Other(kind)
            }
            0x3 => RtsCommand::Cookie(reader.uuid("Cookie")?),
            0x4 => RtsCommand::ChannelLifetime(reader.u32("ChannelLifetime")?),
            0x8 => {
                let count = reader.u32("ConformanceCount")?;
                reader.skip("Padding", usize::try_from(count).unwrap_or(usize::MAX))?;
                RtsCommand::Other(kind)
            }
            0xb => {
                let address = if reader.u32("AddressType")? == 0 { 4 } else { 16 };
                reader.skip("ClientAddress", address + 12)?;
                RtsCommand::Other(kind)
            }
            0xc => RtsCommand::AssociationGroupId(reader.uuid("AssociationGroupId")?),
            0xd => RtsCommand::Destination(reader.u32("Destination")?),
            0x7 | 0x9 | 0xa => RtsCommand::Other(kind),
            _ => return Err(reader.invalid("CommandType", usize::try_from(kind).unwrap_or(usize::MAX))),
        })
    }
}

impl Iterator for RtsCommands<'_> {
    type Item = Result<RtsCommand, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let command = self.command();
        if command.is_err() {
            self.left = 0;
        }
        Some(command)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pdu;
    use super::*;

    #[test]
    fn the_cookies_of_conn_a1_are_read() {
        let mut bytes = vec![5, 0, 20, 3, 0x10, 0, 0, 0, 76, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0];
        bytes.extend([6, 0, 0, 0, 1, 0, 0, 0]); // Version
        bytes.extend([3, 0, 0, 0]); // Cookie of the virtual connection
        bytes.extend([1; 16]);
        bytes.extend([3, 0, 0, 0]); // Cookie of the OUT channel
        bytes.extend([2; 16]);
        bytes.extend([0, 0, 0, 0, 0, 0, 1, 0]); // ReceiveWindowSize
        let rts = Pdu::parse(&bytes).and_then(|pdu| pdu.rts()).expect("an RTS PDU");
        assert_eq!(rts.cookies().collect::<Vec<_>>(), [Uuid::from_bytes([1; 16]), Uuid::from_bytes([2; 16])]);
        assert_eq!(rts.commands().count(), 4);
    }

    #[test]
    fn an_unknown_command_ends_the_list() {
        let bytes = [5, 0, 20, 3, 0x10, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x99, 0, 0, 0];
        let rts = Pdu::parse(&bytes).and_then(|pdu| pdu.rts()).expect("an RTS PDU");
        assert_eq!(rts.commands().filter(Result::is_err).count(), 1);
        assert_eq!(rts.commands().count(), 1);
    }
}
