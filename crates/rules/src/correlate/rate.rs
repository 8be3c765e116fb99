//! How often a rule has alerted (Suricata's `threshold` and `detection_filter`).

use super::groups::Remembered;
use crate::suricata::{Threshold, ThresholdKind, Track};
use rpcscope_model::{Event, Side, Timestamp};

/// The events of a group since its time began. A time begins with the first event, and the next one with the first event
/// after it is over, as in Suricata.
#[derive(Default, Debug)]
pub(super) struct Rate {
    began: Option<Timestamp>,
    count: u32,
}

impl Remembered for Rate {
    fn entries(&self) -> usize {
        0
    }
}

impl Rate {
    /// Takes an event. Returns whether the rule may alert for it.
    pub(super) fn event(&mut self, threshold: &Threshold, time: Timestamp) -> bool {
        let span_ns = u64::from(threshold.seconds) * 1_000_000_000;
        let is_within = self.began.is_some_and(|began| time.since_ns(began) < span_ns);
        if !is_within {
            (self.began, self.count) = (Some(time), 0);
        }
        self.count = self.count.saturating_add(1);
        match threshold.kind {
            ThresholdKind::Limit => self.count <= threshold.count,
            ThresholdKind::Threshold => {
                let reached = self.count >= threshold.count;
                if reached {
                    self.count = 0;
                }
                reached
            }
            ThresholdKind::Both => self.count == threshold.count,
            ThresholdKind::Filter => self.count > threshold.count,
        }
    }
}

/// What events that are counted together have in common.
pub(super) fn tracked(track: Track, sender: Side, event: &Event) -> Vec<Option<Box<str>>> {
    let header = &event.header;
    let [client, server] = [header.client, header.server].map(|end| end.address.to_string());
    let (source, destination) = match sender {
        Side::Client => (client, server),
        Side::Server => (server, client),
    };
    let values = match track {
        Track::Source => vec![source],
        Track::Destination => vec![destination],
        Track::Both => vec![source, destination],
        Track::Flow => vec![header.flow_id.to_string()],
        Track::Rule => Vec::new(),
    };
    values.into_iter().map(|value| Some(value.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds at which a rule alerts that holds for an event at each of these.
    fn alerts(kind: ThresholdKind, count: u32, events: &[i64]) -> Vec<i64> {
        let threshold = Threshold { kind, track: Track::Rule, count, seconds: 10 };
        let mut rate = Rate::default();
        let may = |second: &i64| rate.event(&threshold, Timestamp(second * 1_000_000_000));
        events.iter().copied().filter(may).collect()
    }

    const EVENTS: [i64; 9] = [0, 1, 2, 3, 4, 5, 12, 13, 30];

    #[test]
    fn a_limit_alerts_the_first_times() {
        assert_eq!(alerts(ThresholdKind::Limit, 2, &EVENTS), [0, 1, 12, 13, 30]);
    }

    #[test]
    fn a_threshold_alerts_every_so_many_times() {
        assert_eq!(alerts(ThresholdKind::Threshold, 2, &EVENTS), [1, 3, 5, 13]);
    }

    #[test]
    fn both_alert_once_in_the_time() {
        assert_eq!(alerts(ThresholdKind::Both, 2, &EVENTS), [1, 13]);
    }

    #[test]
    fn a_filter_alerts_beyond_the_number() {
        assert_eq!(alerts(ThresholdKind::Filter, 4, &EVENTS), [4, 5]);
    }
}
