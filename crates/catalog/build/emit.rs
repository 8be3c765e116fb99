//! Facts → the source of constant tables, in the types of `src/tables.rs`.

use super::hash::{BUCKETS, SLOTS};
use super::perfect_hash::place;
use super::problem::Problem;
use super::read::Facts;
use super::schema::{Interface, Kind, Procedures};
use super::text_pool::TextPool;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use uuid::Uuid;

/// Returns the source of the tables and the text they point into. `facts` have been checked.
pub(crate) fn tables(facts: &Facts) -> Result<(String, String), Problem> {
    let too_large = || Problem::in_file("interfaces", "more than the tables can hold; widen src/tables.rs");
    let mut interfaces: Vec<Row<'_>> = Vec::new();
    for file in facts.interfaces.values() {
        for facts in &file.interfaces {
            let uuid = Uuid::parse_str(&facts.uuid).map_err(|error| Problem::in_file(&facts.uuid, error))?;
            interfaces.push(Row { uuid: uuid.as_u128(), protocol: file.protocol.as_deref(), facts });
        }
    }
    interfaces.sort_by_key(|row| row.uuid);

    let mut emitter = Emitter::default();
    for row in &interfaces {
        emitter.interface(row).ok_or_else(too_large)?;
    }
    let mut out = String::new();
    array(&mut out, "INTERFACES", "Interface", &emitter.interfaces);
    array(&mut out, "PROCEDURES", "Procedure", &emitter.procedures);
    array(&mut out, "OTHER_NAMES", "OtherNameRow", &emitter.other_names);
    array(&mut out, "VARIANTS", "VariantRow", &emitter.variants);
    emitter.index(&mut out, "NAMES", &interfaces, Interface::names).ok_or_else(too_large)?;
    emitter.index(&mut out, "PIPES", &interfaces, Interface::pipes).ok_or_else(too_large)?;
    hash_tables(&mut out, &interfaces).ok_or_else(too_large)?;
    super::emit_classes::table(&facts.classes.classes, &mut out)?;
    super::emit_attack::tables(&facts.attack, &mut out)?;
    protocols(&mut out, facts);
    status_codes(&mut out, facts);
    for (group, numbers) in facts.numbers.groups() {
        named_numbers(&mut out, &group.to_ascii_uppercase(), numbers);
    }
    let (text, lists) = emitter.pool.finish();
    out.push_str(&lists);
    Ok((out, text))
}

struct Row<'a> {
    uuid: u128,
    protocol: Option<&'a str>,
    facts: &'a Interface,
}

impl Interface {
    fn names(&self) -> Vec<&String> {
        self.name.iter().chain(&self.aliases).collect()
    }

    fn pipes(&self) -> Vec<&String> {
        self.pipes.iter().collect()
    }
}

/// The rows of the tables, as source.
#[derive(Default)]
struct Emitter {
    pool: TextPool,
    interfaces: Vec<String>,
    procedures: Vec<String>,
    other_names: Vec<String>,
    variants: Vec<String>,
}

impl Emitter {
    fn interface(&mut self, row: &Row<'_>) -> Option<()> {
        let facts = row.facts;
        let kind = match facts.kind {
            Kind::Rpc => "Rpc",
            Kind::Dcom => "Dcom",
            Kind::OrpcObject => "OrpcObject",
        };
        let mut source = format!(
            "Interface{{uuid:Uuid::from_u128({:#034x}),name:{:?},aliases:&{:?},protocol:{:?},kind:Kind::{kind},\
             orpcthis:{},versions:&{:?},pipes:&{:?},ports:&{:?},dynamic_tcp:{},",
            row.uuid,
            facts.name,
            facts.aliases,
            row.protocol,
            facts.orpcthis.unwrap_or(facts.kind != Kind::Rpc),
            facts.versions,
            facts.pipes,
            facts.ports,
            facts.dynamic_tcp,
        );
        let opnums = self.procedures(&facts.opnums, &facts.not_on_wire)?;
        let other_names = self.other_names(facts)?;
        let variants = self.variants(facts)?;
        let _ = write!(
            source,
            "dispatch_table_len:{:?},opnums:{opnums},other_names:{other_names},variants:{variants},",
            facts.observed_opnum_count
        );
        let texts = [("service", &facts.service), ("inherits", &facts.inherits), ("sdk", &facts.sdk)];
        for (field, text) in texts {
            let (start, length) = self.pool.add(text.as_deref().unwrap_or_default())?;
            let _ = write!(source, "{field}:Text({start},{length}),");
        }
        let lists = [
            ("also", &facts.also),
            ("binaries", &facts.binaries),
            ("client_binaries", &facts.client_binaries),
            ("notes", &facts.notes),
            ("sources", &facts.sources),
        ];
        for (field, list) in lists {
            let (start, count) = self.pool.add_list(list)?;
            let _ = write!(source, "{field}:Span({start},{count}),");
        }
        source.push('}');
        self.interfaces.push(source);
        Some(())
    }

    fn procedures(&mut self, opnums: &Procedures, not_on_wire: &[u16]) -> Option<String> {
        let start = self.procedures.len();
        for (opnum, name) in opnums {
            let (text, length) = self.pool.add(name)?;
            let length = u8::try_from(length).ok()?;
            let on_wire = !not_on_wire.contains(opnum);
            self.procedures.push(format!("Procedure({text},{length},{on_wire},{opnum})"));
        }
        span(start, opnums.len())
    }

    /// The names of disputed opnums that are not used in `opnums`.
    fn other_names(&mut self, facts: &Interface) -> Option<String> {
        let start = self.other_names.len();
        for (opnum, names) in &facts.disputed {
            for (source, name) in names.iter().filter(|(_, name)| facts.opnums.get(opnum) != Some(name)) {
                let (name, name_length) = self.pool.add(name)?;
                let (source, source_length) = self.pool.add(source)?;
                self.other_names.push(format!(
                    "OtherNameRow{{opnum:{opnum},name:Text({name},{name_length}),\
                     source:Text({source},{source_length})}}"
                ));
            }
        }
        span(start, self.other_names.len() - start)
    }

    fn variants(&mut self, facts: &Interface) -> Option<String> {
        let start = self.variants.len();
        for (label, opnums) in &facts.opnum_variants {
            let (label, length) = self.pool.add(label)?;
            let opnums = self.procedures(opnums, &[])?;
            self.variants.push(format!("VariantRow{{label:Text({label},{length}),opnums:{opnums}}}"));
        }
        span(start, facts.opnum_variants.len())
    }

    /// A table from lower-case texts to positions of interfaces, sorted for binary search.
    fn index(
        &mut self,
        out: &mut String,
        name: &str,
        interfaces: &[Row<'_>],
        texts: impl Fn(&Interface) -> Vec<&String>,
    ) -> Option<()> {
        let mut entries: Vec<(String, usize)> = Vec::new();
        for (position, row) in interfaces.iter().enumerate() {
            entries.extend(texts(row.facts).into_iter().map(|text| (text.to_ascii_lowercase(), position)));
        }
        entries.sort();
        entries.dedup();
        let mut rows = Vec::new();
        for (text, position) in entries {
            let (start, length) = self.pool.add(&text)?;
            rows.push(format!("IndexRow(Text({start},{length}),{})", u16::try_from(position).ok()?));
        }
        array(out, name, "IndexRow", &rows);
        Some(())
    }
}

fn hash_tables(out: &mut String, interfaces: &[Row<'_>]) -> Option<()> {
    let uuids: Vec<u128> = interfaces.iter().map(|row| row.uuid).collect();
    let hash = place(&uuids)?;
    let _ = writeln!(out, "pub(crate) static DISPLACEMENTS: [u16; {BUCKETS}] = {:?};", hash.displacements);
    let _ = writeln!(out, "pub(crate) static SLOT_INTERFACES: [u16; {SLOTS}] = {:?};", hash.slots);
    Some(())
}

fn protocols(out: &mut String, facts: &Facts) {
    let mut protocols: Vec<(&String, &String)> =
        facts.interfaces.values().filter_map(|file| Some((file.protocol.as_ref()?, &file.title))).collect();
    protocols.sort();
    let rows: Vec<String> =
        protocols.iter().map(|(name, title)| format!("Protocol{{name:{name:?},title:{title:?}}}")).collect();
    array(out, "PROTOCOLS", "Protocol", &rows);
}

fn status_codes(out: &mut String, facts: &Facts) {
    let all: BTreeMap<u32, String> = facts
        .status
        .groups()
        .into_iter()
        .flat_map(|(_, codes)| codes)
        .map(|(code, name)| (*code, name.clone()))
        .collect();
    named_numbers(out, "STATUS_CODES", &all);
}

fn named_numbers(out: &mut String, name: &str, numbers: &BTreeMap<u32, String>) {
    let rows: Vec<String> = numbers.iter().map(|row| format!("{row:?}")).collect();
    array(out, name, "(u32, &str)", &rows);
}

fn array(out: &mut String, name: &str, item: &str, rows: &[String]) {
    let _ = writeln!(out, "pub(crate) static {name}: [{item}; {}] = [\n{}\n];", rows.len(), rows.join(",\n"));
}

fn span(start: usize, count: usize) -> Option<String> {
    Some(format!("Span({},{})", u32::try_from(start).ok()?, u16::try_from(count).ok()?))
}
