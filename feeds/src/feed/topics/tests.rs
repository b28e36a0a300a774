//! Topics by example: what is sent, what answers and times do.

use super::*;
use crate::protocol::{Ping, Stream, Topic};

fn endpoint(asks: Asks) -> Endpoint {
    let topic = |number: usize| {
        let silence = [Silence::Mended, Silence::Told, Silence::Rest][number % 3];
        let name = format!("t{number}");
        Topic { silence, ..Topic::new(name.clone(), name, number, Stream::Depth) }
    };
    let topics = (0..5).map(topic).collect();
    Endpoint { url: "ws://h".into(), topics, asks, ping: Ping::Frame }
}

/// A script of a connection, and what it did.
struct Script {
    endpoint: Endpoint,
    topics: Topics,
    now: Nanos,
    spoke: Vec<usize>,
}

impl Script {
    fn new(asks: Asks) -> Self {
        let endpoint = endpoint(asks);
        let limits = FeedLimits { snapshot_min: Nanos::from_s(2), ..FeedLimits::default() };
        let mut topics = Topics::new(&endpoint, &limits, 0);
        let now = Nanos::from_s(100);
        topics.joined(now);
        Self { endpoint, topics, now, spoke: Vec::new() }
    }

    /// What is sent now.
    fn sent(&mut self) -> String {
        let mut said = Vec::new();
        while let Some(due) = self.topics.due(self.now) {
            let request = due.request(&self.endpoint);
            let names: Vec<&str> = request.topics.iter().map(|topic| topic.name.as_str()).collect();
            let sign = if due.leaves { "-" } else { "+" };
            said.push(format!("{sign}{}:{}", due.id, names.join(",")));
        }
        said.join(" ")
    }

    /// What is wrong after so many seconds.
    fn after(&mut self, seconds: u64) -> String {
        self.now = self.now.after(Nanos::from_s(seconds));
        let mut said = Vec::new();
        let spoke = &self.spoke;
        let looked = (&self.endpoint, self.now);
        let tell = |topic: usize, trouble| said.push(format!("t{topic} {trouble:?}"));
        self.topics.look(looked, |topic| spoke.contains(&topic), tell);
        said.join(" ")
    }

    fn refused(&mut self, asked: Asked) -> Option<usize> {
        let spoke = &self.spoke;
        self.topics.refused(asked, self.now, |topic| spoke.contains(&topic))
    }
}

#[test]
fn topics_go_out_in_requests_and_come_up_by_their_answers() {
    let mut script = Script::new(Asks::Requests(3));
    assert_eq!(script.sent(), "+1:t0,t1,t2 +2:t3,t4");
    assert_eq!(script.sent(), "");
    assert_eq!(script.topics.granted(Asked::Request(1), script.now), 3);
    assert_eq!(script.topics.granted(Asked::Request(9), script.now), 0);
    assert_eq!(script.topics.granted(Asked::Topic(4), script.now), 1);
    assert!(!script.topics.all_up());
    assert_eq!(script.topics.granted(Asked::Topic(3), script.now), 1);
    assert!(script.topics.all_up());
}

#[test]
fn what_is_refused_or_not_answered_is_asked_for_alone_later() {
    let mut script = Script::new(Asks::Requests(3));
    script.sent();
    assert_eq!(script.refused(Asked::Request(1)), Some(0));
    assert_eq!(script.refused(Asked::Unsaid), None);
    assert_eq!(script.sent(), "", "not at once");
    assert_eq!(script.after(2), "");
    assert_eq!(script.sent(), "+3:t0 +4:t1 +5:t2");
    assert_eq!(script.after(8), "t3 Unanswered t4 Unanswered");
    // What speaks is followed, whatever the answer.
    script.spoke = vec![0, 1];
    assert_eq!(script.refused(Asked::Request(3)), None);
    assert_eq!(script.after(2), "t2 Unanswered");
}

#[test]
fn silence_is_told_or_mended_as_the_topic_says() {
    let mut script = Script::new(Asks::Requests(5));
    script.sent();
    script.topics.granted(Asked::Request(1), script.now);
    script.spoke = vec![3];
    assert_eq!(script.after(19), "");
    assert_eq!(script.after(1), "t0 Mended t1 Silent t4 Silent");
    assert_eq!(script.after(2), "", "told once");
    assert_eq!(script.sent(), "-2:t0 +3:t0");
    assert_eq!(script.after(10), "t0 Unanswered");
}

#[test]
fn silence_of_what_the_url_names_is_the_connections() {
    let mut script = Script::new(Asks::Url);
    assert_eq!(script.sent(), "");
    script.spoke = vec![1, 3, 4];
    assert_eq!(script.after(20), "t0 Deaf");
    assert_eq!(script.after(20), "");
    let mut script = Script::new(Asks::Url);
    script.spoke = vec![0, 3];
    assert_eq!(script.after(20), "t1 Silent t4 Silent");
    let mut script = Script::new(Asks::Url);
    assert_eq!(script.after(20), "t0 Deaf t1 Deaf t3 Deaf t4 Deaf", "nothing came at all");
}

#[test]
fn a_book_that_is_wanted_anew_is_left_and_asked_for() {
    let mut script = Script::new(Asks::Requests(5));
    script.topics.renew(0, script.now);
    assert_eq!(script.sent(), "+1:t0,t1,t2,t3,t4", "it was not asked for yet");
    script.topics.granted(Asked::Request(1), script.now);
    script.topics.renew(3, script.now);
    script.topics.renew(3, script.now);
    assert_eq!(script.sent(), "-2:t3 +3:t3");
    assert_eq!(script.topics.granted(Asked::Request(3), script.now), 1);
}
