//! What is to be printed, as typed behind `--where`.

use crate::exit::{Exit, WRONG_USE};
use crate::{finding_text, messages};
use rpcscope_rules::{Expression, parse_filter};

/// Reads an expression; what is wrong with it is said.
pub(crate) fn parse(text: Option<&str>) -> Result<Option<Expression>, Exit> {
    let Some(text) = text else { return Ok(None) };
    parse_filter(text).map(Some).map_err(|findings| {
        for finding in &findings {
            messages::finding(&finding_text::coloured(finding, Some(text)));
        }
        WRONG_USE
    })
}
