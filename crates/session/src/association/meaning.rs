//! What the presentation context of a call says of its interface, and what else may name it.

use super::Scope;
use super::contexts::{Contexts, Definition, Standing};
use rpcscope_model::{AnomalyKind, ContextId, Interface, Learned, Opnum, SyntaxId};
use rpcscope_wire::stub::{Operation, Syntax};
use uuid::Uuid;

/// What is known of the interface of a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    Defined(Definition),
    /// The context is not known, but something else names the interface: the pipe, the object, the port.
    Inferred(Interface, Learned),
    /// The context is not known, or was rejected.
    Nothing,
}

impl Meaning {
    /// What a context stands for, and what is wrong with it. `object` is what the call names.
    pub(super) fn of(
        id: ContextId,
        contexts: &Contexts,
        object: Option<Uuid>,
        scope: &Scope<'_>,
    ) -> (Self, Option<AnomalyKind>) {
        match contexts.definition(id) {
            Some(Definition { standing: Standing::Rejected, .. }) => {
                (Self::Nothing, Some(AnomalyKind::ContextRejected))
            }
            Some(definition) => (Self::Defined(*definition), None),
            None => (Self::inferred(object, scope), Some(AnomalyKind::ContextUnknown)),
        }
    }

    /// What an answer of the server has made of a definition that was taken as accepted.
    pub(super) fn settled(definition: &Definition) -> Self {
        if definition.standing == Standing::Rejected { Self::Nothing } else { Self::Defined(*definition) }
    }

    fn inferred(object: Option<Uuid>, scope: &Scope<'_>) -> Self {
        let (ends, objects) = (&scope.flow.ends, &scope.output.objects);
        let by_object = || object.and_then(|object| objects.interface_of(ends, object));
        if let Some(interface) = interface_of_pipe(scope.endpoint) {
            Self::Inferred(interface, Learned::PipeName)
        } else if let Some(interface) = by_object() {
            Self::Inferred(interface, Learned::OxidResolver)
        } else if let Some(interface) = objects.interface_at(ends) {
            Self::Inferred(interface, Learned::EndpointMapper)
        } else {
            Self::Nothing
        }
    }

    pub(super) const fn definition(&self) -> Option<&Definition> {
        match self {
            Self::Defined(definition) => Some(definition),
            Self::Inferred(..) | Self::Nothing => None,
        }
    }

    pub(super) const fn interface(&self) -> Option<Interface> {
        match self {
            Self::Defined(definition) => Some(definition.interface),
            Self::Inferred(interface, _) => Some(*interface),
            Self::Nothing => None,
        }
    }

    pub(super) fn catalogued(&self) -> Option<&'static rpcscope_catalog::Interface> {
        match self {
            Self::Defined(definition) => definition.catalogued,
            Self::Inferred(interface, _) => rpcscope_catalog::interface(&interface.syntax.uuid),
            Self::Nothing => None,
        }
    }

    pub(super) const fn learned(&self) -> Learned {
        match self {
            Self::Defined(definition) => definition.learned,
            Self::Inferred(_, learned) => *learned,
            Self::Nothing => Learned::Unknown,
        }
    }

    /// What decodes the arguments of an operation.
    pub(super) fn operation(&self, opnum: Opnum) -> Option<&'static Operation> {
        let decoders = match self {
            Self::Defined(definition) => definition.decoders,
            Self::Inferred(interface, _) => rpcscope_wire::stub::interface(interface.syntax.uuid),
            Self::Nothing => None,
        };
        decoders?.operation(opnum)
    }

    /// How its stubs are encoded.
    pub(super) fn syntax(&self) -> Syntax {
        let agreed = self.definition().and_then(|definition| definition.transfer_syntax);
        agreed.map_or(Syntax::Ndr, Syntax::of)
    }
}

/// The interface that a pipe serves, when it serves only one, in the only version that it is known to have.
fn interface_of_pipe(endpoint: &str) -> Option<Interface> {
    let name = endpoint.strip_prefix("\\pipe\\")?;
    let known = rpcscope_catalog::sole_interface_on_pipe(name)?;
    let (major, minor) = match known.versions {
        [only] => only
            .split_once('.')
            .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)))?,
        _ => (0, 0),
    };
    Some(Interface { syntax: SyntaxId { uuid: known.uuid, major, minor }, name: known.name })
}
