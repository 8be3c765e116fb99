//! Floods of alerts.

use crate::frames::{bound, client, connection, open_flow, server};
use crate::process::alone;
use crate::sensor::Attack;
use rpcscope_testkit::conversation::Call;
use rpcscope_testkit::transport::plain;

#[test]
fn every_alert_of_a_flood_is_told_and_correlations_stay_bounded() {
    alone("alerts::every_alert_of_a_flood_is_told_and_correlations_stay_bounded", || {
        let attack = Attack { name: "alert flood, each from another client", ..Attack::default() };
        let conversation = bound().call(Call::new(0, 7).stub([1; 60]).returns([2; 4]));
        let messages = plain(conversation.steps());
        let outcomes = attack.run(|step, frames| {
            let flow = open_flow(client(step), server(step % 100, 49_670));
            frames.extend(connection(&flow, &messages).split_off(3));
        });
        assert_eq!(outcomes.alerts.get("flooded"), Some(&outcomes.steps));
        assert_eq!(outcomes.alerts.get("many"), None);
    });
}

#[test]
fn one_client_that_calls_many_servers_is_counted_to_the_end() {
    alone("alerts::one_client_that_calls_many_servers_is_counted_to_the_end", || {
        let attack = Attack { name: "alert flood, one client, many servers", ..Attack::default() };
        let conversation = bound().call(Call::new(0, 7).stub([1; 60]).returns([2; 4]));
        let messages = plain(conversation.steps());
        let outcomes = attack.run(|step, frames| {
            let flow = open_flow(client(7), server(step, 49_670));
            frames.extend(connection(&flow, &messages).split_off(3));
        });
        assert_eq!(outcomes.alerts.get("flooded"), Some(&outcomes.steps));
        assert!(outcomes.alerts.get("many").is_some_and(|alerts| *alerts > 0), "{:?}", outcomes.alerts);
    });
}
