//! What servers do with what reaches them. They check what they are told: a
//! client that cuts a line or speaks out of turn fails the run.

use serde_json::{Value, json};

use crate::link::{Ending, Fate, Job};
use crate::profile::{Discover, Initialize, Lists, Speaks};
use crate::world::{Todo, World};

const MODERN: &str = "2026-07-28";
const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// Every tool there is.
pub const TOOLS: [&str; 6] = ["echo", "idem", "fails", "refuses", "picky", "asks"];

impl World {
    pub fn boot(&mut self, id: u64) {
        if let Some(link) = self.links.get_mut(&id) {
            link.peer.booted = true;
            self.read(id);
        }
    }

    /// The server reads some of what waits for it.
    pub fn read(&mut self, id: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.peer.dead || !link.peer.booted {
            return;
        }
        let (waiting, ended) = (link.up.len(), link.up_ended);
        let Some(n) = link.profile.reads.amount(&mut self.random, waiting, ended) else { return };
        let bytes: Vec<u8> = link.up.drain(..n).collect();
        link.peer.partial.extend_from_slice(&bytes);
        let (blocked, more, ended) = (link.blocked, !link.up.is_empty(), link.up_ended);
        if blocked && n > 0 {
            let delay = self.random.spread(3_000);
            self.later(delay, Todo::Writable(id));
        }
        if more {
            let delay = 1 + self.random.spread(3_000);
            self.later(delay, Todo::Read(id));
        }
        while let Some(link) = self.links.get_mut(&id) {
            if link.peer.dead {
                return;
            }
            let Some(end) = link.peer.partial.iter().position(|byte| *byte == b'\n') else { break };
            let line: Vec<u8> = link.peer.partial.drain(..=end).collect();
            self.line(id, &line[..end], false);
        }
        if ended && !more {
            self.hang_up(id);
        }
    }

    /// The client has closed its end.
    fn hang_up(&mut self, id: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let rest = std::mem::take(&mut link.peer.partial);
        let ignores = link.profile.ignores_eof && link.channel.is_process();
        // Many readers take what stands before the end for a line.
        if !rest.is_empty() && self.random.mille(500) {
            self.line(id, &rest, true);
        }
        if !ignores {
            let delay = self.random.spread(500_000);
            self.later(delay, Todo::Die(id));
        }
    }

    pub fn line(&mut self, id: u64, line: &[u8], cut: bool) {
        let is_pipe = self.is_pipe(id);
        let Ok(message) = serde_json::from_slice::<Value>(line) else {
            if !cut {
                let text = String::from_utf8_lossy(line).into_owned();
                self.fail(format!("c{id}: the server reads what is no message: {text:?}"));
            }
            return;
        };
        self.counts.lines += 1;
        if message["jsonrpc"] != "2.0" {
            return self.fail(format!("c{id}: no JSON-RPC: {message}"));
        }
        let method = message["method"].as_str().unwrap_or("");
        let link = self.links.get_mut(&id).expect("its caller holds it");
        if method.is_empty() {
            return self.answered(id, &message);
        }
        if let Some(wire) = message.get("id") {
            let Some(wire) = wire.as_u64() else {
                return self.fail(format!("c{id}: the id is no integer: {message}"));
            };
            if !link.peer.seen.insert(wire) {
                return self.fail(format!("c{id}: id {wire} is used twice"));
            }
            self.noise(id);
            let raw = String::from_utf8_lossy(line);
            self.request(id, wire, method, &message["params"], &raw);
        } else {
            match method {
                "notifications/initialized" => link.peer.welcomed = true,
                "notifications/cancelled" => {
                    let wire = message["params"]["requestId"].as_u64().unwrap_or(0);
                    // Frames of several streams overtake each other.
                    if !link.peer.seen.contains(&wire) && !self.frames {
                        return self
                            .fail(format!("c{id}: request {wire} is cancelled, never seen"));
                    }
                    self.counts.server_cancels += 1;
                    link.peer.listens.remove(&wire);
                    if let Some(job) = link.peer.jobs.get_mut(&wire) {
                        job.cancelled = true;
                    }
                }
                "notifications/roots/list_changed" if link.peer.welcomed || is_pipe => {}
                other => self.fail(format!("c{id}: an unknown notification {other}")),
            }
        }
    }

    fn request(&mut self, id: u64, wire: u64, method: &str, params: &Value, raw: &str) {
        let is_pipe = self.is_pipe(id);
        let link = self.links.get_mut(&id).expect("its caller holds it");
        let profile = link.profile.clone();
        let modern = params["_meta"][META_VERSION] == MODERN;
        match method {
            "ping" => {
                self.counts.probes += 1;
                // Some servers do not know it and say nothing.
                match self.random.below(10) {
                    0..=1 => {}
                    2 => self.answer_error(id, wire, -32601, "Method not found"),
                    _ => self.answer(id, wire, &json!({})),
                }
            }
            "server/discover" => {
                link.peer.discovered += 1;
                let first = link.peer.discovered == 1;
                self.discover(id, wire, profile.discover, profile.speaks, first);
            }
            "initialize" => {
                if link.peer.initialized {
                    return self.fail(format!("c{id}: initialize is sent twice"));
                }
                link.peer.initialized = true;
                let locked = profile.locks && link.peer.discovered > 0;
                if profile.speaks == Speaks::Modern || (profile.speaks == Speaks::Dual && locked) {
                    let code = if profile.locks { -32022 } else { -32601 };
                    return self.answer_error(id, wire, code, "no initialize here");
                }
                self.initialize(id, wire, profile.initialize);
            }
            "tools/list"
            | "tools/call"
            | "resources/list"
            | "resources/templates/list"
            | "prompts/list"
            | "resources/read"
            | "prompts/get"
            | "completion/complete"
            | "resources/subscribe"
            | "resources/unsubscribe"
            | "subscriptions/listen" => {
                // Frames of several streams overtake each other.
                let welcomed = link.peer.welcomed || (is_pipe && link.peer.initialized);
                let legal = welcomed || (modern && profile.speaks != Speaks::Legacy);
                if !legal {
                    let pinned = self.servers[link.server].pinned;
                    if !pinned {
                        self.fail(format!("c{id}: {method} outside a session"));
                    }
                    return self.answer_error(id, wire, -32600, "not initialized");
                }
                match method {
                    "tools/list" => self.list(id, wire, params, modern),
                    "tools/call" => {
                        let tool = params["name"].as_str().unwrap_or("").to_owned();
                        let token = params["arguments"]["token"].as_u64().unwrap_or(0);
                        self.call(id, wire, params, modern, (tool, token), raw);
                    }
                    "resources/read" | "prompts/get" | "completion/complete" => {
                        let token = crate::wants::token_in(method, params);
                        self.call(id, wire, params, modern, (method.to_owned(), token), raw);
                    }
                    "resources/subscribe" if !modern => self.subscribe_here(id, wire, params),
                    "resources/unsubscribe" if !modern => self.unsubscribe_here(id, wire, params),
                    "subscriptions/listen" if modern => self.listen_here(id, wire, params),
                    "resources/subscribe" | "resources/unsubscribe" | "subscriptions/listen" => {
                        self.fail(format!("c{id}: {method} in the wrong era"));
                    }
                    other if self.random.mille(500) => {
                        let key = match other {
                            "resources/list" => "resources",
                            "prompts/list" => "prompts",
                            _ => "resourceTemplates",
                        };
                        self.answer(id, wire, &json!({key: [{"name": "one", "uri": "r://0"}]}));
                    }
                    _ => self.answer_error(id, wire, -32601, "Method not found"),
                }
            }
            other => self.fail(format!("c{id}: an unknown method {other}")),
        }
    }

    fn discover(&mut self, id: u64, wire: u64, how: Discover, speaks: Speaks, first: bool) {
        let result = json!({"supportedVersions": [MODERN], "capabilities": {"tools": {}},
            "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "sim", "version": "1"}}});
        match how {
            Discover::Plain if speaks == Speaks::Legacy => {
                self.answer_error(id, wire, -32601, "Method not found");
            }
            Discover::Plain => self.answer(id, wire, &result),
            Discover::Error(code) => self.answer_error(id, wire, code, "what?"),
            Discover::Silent => {}
            Discover::Dies => self.die(id),
            Discover::OnlyOld => {
                let old = json!({"supportedVersions": ["2025-11-25"], "capabilities": {}});
                self.answer(id, wire, &old);
            }
            Discover::Renegotiate if speaks != Speaks::Legacy && !first => {
                self.answer(id, wire, &result);
            }
            Discover::Renegotiate | Discover::Alien => {
                let versions = match (how, speaks) {
                    (Discover::Alien, _) => json!(["2031-01-01"]),
                    (_, Speaks::Legacy) => json!(["2025-06-18"]),
                    _ => json!(["2031-01-01", MODERN]),
                };
                let id_text = self.spell(wire);
                let data = json!({"supported": versions});
                let error = json!({"code": -32022, "message": "unsupported", "data": data});
                self.put(id, format!("{{\"jsonrpc\":\"2.0\",\"id\":{id_text},\"error\":{error}}}"));
            }
        }
    }

    fn initialize(&mut self, id: u64, wire: u64, how: Initialize) {
        let version = match how {
            Initialize::Plain => {
                self.random.pick(&["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
            }
            Initialize::UnknownVersion => "2031-01-01",
            Initialize::Malformed => return self.answer(id, wire, &json!({"hello": 1})),
            Initialize::Error(code) => return self.answer_error(id, wire, code, "not today"),
            Initialize::Silent => return,
        };
        if self.random.mille(100) {
            self.ask(id, "ping");
        }
        let result = json!({"protocolVersion": version, "capabilities": {"tools": {}},
            "serverInfo": {"name": "sim", "version": "1"}});
        self.answer(id, wire, &result);
    }

    fn list(&mut self, id: u64, wire: u64, params: &Value, modern: bool) {
        let profile = self.links[&id].profile.clone();
        match profile.lists {
            Lists::Plain => {}
            Lists::Fails => return self.answer_error(id, wire, -32603, "list fails"),
            Lists::Malformed => return self.answer(id, wire, &json!({"tools": 7})),
        }
        let cursor = params.get("cursor").and_then(Value::as_str);
        if let Some(cursor) = cursor {
            self.counts.pages += 1;
            if !modern && !self.links[&id].peer.cursors.contains(cursor) {
                self.fail(format!("c{id}: cursor {cursor:?} is of another session"));
                return self.answer_error(id, wire, -32602, "Invalid cursor");
            }
        }
        let page = match cursor {
            None => 0,
            // An empty cursor is a cursor like any other.
            Some("") => 1,
            Some(text) => text.parse().unwrap_or(0),
        };
        let pages = self.servers[self.links[&id].server].pages;
        if pages == 0 {
            return self.answer_error(id, wire, -32601, "Method not found");
        }
        let tools: Vec<Value> = TOOLS
            .iter()
            .enumerate()
            .filter(|(at, _)| at % pages == page)
            .map(|(_, name)| {
                json!({"name": name, "inputSchema": {"type": "object", "required": ["token"],
                    "properties": {"token": {"type": "integer"}, "pad": {"type": "string"}}}})
            })
            .collect();
        let mut result = json!({ "tools": tools });
        if page + 1 < pages {
            let next = if page == 0 { String::new() } else { (page + 1).to_string() };
            result["nextCursor"] = json!(next);
            let link = self.links.get_mut(&id).expect("its caller holds it");
            link.peer.cursors.insert(next);
        }
        if modern && self.random.mille(300) {
            result["ttlMs"] = json!(self.random.below(5_000));
        }
        self.answer(id, wire, &result);
    }

    fn call(
        &mut self,
        id: u64,
        wire: u64,
        params: &Value,
        modern: bool,
        (tool, token): (String, u64),
        raw: &str,
    ) {
        if token == 0 {
            return self.fail(format!("c{id}: a call without its token: {params}"));
        }
        if params["_meta"]["progressToken"].as_u64() != Some(wire) {
            return self.fail(format!("c{id}: a call without its progress token: {params}"));
        }
        let asked_under = self.host.generations.get(&token).copied().unwrap_or(0);
        if asked_under > self.links[&id].generation {
            return self.fail(format!("c{id} serves t{token}, which was asked after it retired"));
        }
        self.counts.calls_seen += 1;
        self.begun.insert(token);
        if !TOOLS.contains(&tool.as_str()) && !tool.contains('/') {
            return if self.random.mille(500) {
                self.answer_error(id, wire, -32602, &format!("Unknown tool: {tool}"));
            } else {
                let text = format!("Unknown tool {tool}");
                let result = json!({"content": [{"type": "text", "text": text}], "isError": true});
                self.answer(id, wire, &result);
            };
        }
        let trouble = self.links[&id].profile.trouble;
        let fate = if self.links[&id].profile.ends_with_calls {
            Fate::DiesAfter
        } else if self.random.mille(trouble) {
            self.random.pick(&[
                Fate::Twice,
                Fate::Twice,
                Fate::Malformed,
                Fate::InputRequired,
                Fate::UnknownType,
                Fate::Silent,
                Fate::Ignored,
                Fate::DiesBefore,
                Fate::DiesAfter,
                Fate::HalfAnswered,
                Fate::NoNewline,
                Fate::Mute,
                Fate::Mute,
            ])
        } else {
            Fate::Answered
        };
        let progress_token = Some(self.spell(wire));
        let mut job = Job {
            round: 0,
            id: self.spell(wire),
            tool,
            token,
            progress_token,
            modern,
            cancelled: false,
            fate,
        };
        job.round = self.round_of(id, &job, raw, params);
        let link = self.links.get_mut(&id).expect("its caller holds it");
        link.peer.jobs.insert(wire, job);
        if link.profile.serial && link.peer.busy {
            link.peer.waiting.push_back(wire);
        } else {
            self.start(id, wire);
        }
    }

    fn start(&mut self, id: u64, wire: u64) {
        let link = self.links.get_mut(&id).expect("its caller holds it");
        link.peer.busy = true;
        let service = link.profile.service;
        let time = match self.random.below(20) {
            0 => service * 50,
            _ => self.random.spread(service),
        };
        let job = &self.links[&id].peer.jobs[&wire];
        if job.tool == "asks" && !job.modern {
            let token = job.token;
            for _ in 0..self.random.below(4) {
                self.ask_person(id, wire, token);
            }
        }
        let silent = stays_silent(self.links[&id].peer.jobs[&wire].fate);
        if self.random.mille(if silent { 600 } else { 150 }) {
            let at = self.random.below(time + 1);
            self.later(at, Todo::Progress(id, wire));
        }
        self.later(time, Todo::Execute(id, wire));
    }

    pub fn progress(&mut self, id: u64, wire: u64) {
        let Some(link) = self.links.get(&id) else { return };
        let Some(job) = link.peer.jobs.get(&wire) else { return };
        let Some(token) = job.progress_token.clone() else { return };
        let done = self.random.below(100);
        self.put(
            id,
            format!(
                "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":\
                 {{\"progressToken\":{token},\"progress\":{done},\"message\":\"t{}\"}}}}",
                self.links[&id].peer.jobs[&wire].token
            ),
        );
    }

    /// A call runs, and is answered or not.
    pub fn execute(&mut self, id: u64, wire: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.peer.dead {
            return;
        }
        let Some(job) = link.peer.jobs.get(&wire) else { return };
        if !job.cancelled && self.still_waits(id, wire) {
            let delay = 500_000 + self.random.spread(5_000_000);
            return self.later(delay, Todo::Execute(id, wire));
        }
        let link = self.links.get_mut(&id).expect("looked up above");
        let Some(job) = link.peer.jobs.remove(&wire) else { return };
        link.peer.busy = false;
        let next = link.peer.waiting.pop_front();
        let polite = job.cancelled && self.random.mille(600);
        let asks = matches!(job.fate, Fate::Answered | Fate::Twice) && !job.cancelled;
        if let Some(answer) = asks.then(|| self.ask_in_result(id, &job)).flatten() {
            self.put(id, answer);
            if let Some(next) = next {
                self.start(id, next);
            }
            return;
        }
        if !polite && !matches!(job.fate, Fate::Ignored | Fate::DiesBefore) {
            self.run_tool(id, &job);
        }
        let quiet = polite || (job.cancelled && self.random.mille(500));
        match job.fate {
            _ if self.failure.is_some() => return,
            Fate::DiesBefore | Fate::DiesAfter => return self.die(id),
            Fate::Silent | Fate::Ignored => {}
            Fate::Mute => self.go_mute(id),
            _ if quiet => {}
            Fate::HalfAnswered => {
                let answer = self.reply_to(id, &job);
                let cut = self.random.below(answer.len() as u64) as usize;
                self.put_raw(id, &answer.as_bytes()[..cut]);
                return self.die(id);
            }
            Fate::NoNewline => {
                let answer = self.reply_to(id, &job);
                self.put_raw(id, answer.as_bytes());
                return self.die(id);
            }
            fate => {
                let answer = self.reply_to(id, &job);
                self.put(id, answer.clone());
                if fate == Fate::Twice {
                    self.put(id, answer);
                }
                self.noise(id);
            }
        }
        if let Some(next) = next {
            self.start(id, next);
        }
    }

    fn run_tool(&mut self, id: u64, job: &Job) {
        let count = self.journal.entry(job.token).or_default();
        *count += 1;
        let count = *count;
        self.say(format_args!("c{id} runs {} for t{}", job.tool, job.token));
        if count > 1 && job.tool != "idem" && !job.tool.contains('/') {
            self.fail(format!("t{} of {} ran {count} times", job.token, job.tool));
        }
    }

    fn reply_to(&mut self, id: u64, job: &Job) -> String {
        let lists = self.servers[self.links[&id].server].pages > 0;
        let token = job.token;
        let id = &job.id;
        if job.tool == "refuses" || job.tool == "picky" {
            // -32602 is what an unknown tool is answered with too.
            let code = if job.tool == "picky" && lists { -32602 } else { -32000 };
            let error = json!({"code": code, "message": format!("refused t{token}.")});
            return format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}");
        }
        let text = format!("t{token}.");
        let mut result = json!({"content": [{"type": "text", "text": text}], "token": token});
        if job.tool == "fails" {
            result["isError"] = json!(true);
        }
        match job.fate {
            // Read all the same, as far as it goes.
            Fate::Malformed if job.tool != "fails" => result = json!([text]),
            Fate::InputRequired => {
                result = json!({"resultType": "input_required", "inputRequests": {}});
            }
            Fate::UnknownType => result["resultType"] = json!("odd"),
            _ if job.modern => result["resultType"] = json!("complete"),
            _ => {}
        }
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}")
    }

    /// The server closes its output and goes on reading: what reaches it still
    /// runs, and nobody hears of it.
    pub fn go_mute(&mut self, id: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.peer.dead || link.ending.is_some() {
            return;
        }
        link.ending = Some(Ending::Eof);
        self.say(format_args!("c{id} goes mute"));
        if self.is_pipe(id) {
            return self.end_pipes(id, Ending::Eof);
        }
        let delay = self.random.spread(5_000);
        self.later(delay, Todo::Deliver(id));
    }

    /// The server's end of the stream breaks.
    pub fn die(&mut self, id: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.peer.dead {
            return;
        }
        self.say(format_args!("c{id} dies at the server"));
        let link = self.links.get_mut(&id).expect("looked up above");
        link.peer.dead = true;
        let reset = !link.channel.is_process() && self.random.mille(400);
        link.ending.get_or_insert(if reset { Ending::Reset } else { Ending::Eof });
        if self.is_pipe(id) {
            let how = if reset { Ending::Reset } else { Ending::Eof };
            return self.end_pipes(id, how);
        }
        let delay = self.random.spread(5_000);
        self.later(delay, Todo::Deliver(id));
        if self.links[&id].child.is_some() {
            // Now and then one closes its output and stays.
            let stays = self.random.mille(100);
            let delay = if stays { 60_000_000 } else { self.random.spread(400_000) };
            self.later(delay, Todo::Exit(id));
        }
    }

    /// Our id as a server may spell it.
    pub fn spell(&mut self, wire: u64) -> String {
        match self.random.below(12) {
            0 => format!("\"{wire}\""),
            1 => format!("{wire}.0"),
            _ => wire.to_string(),
        }
    }

    pub fn answer(&mut self, id: u64, wire: u64, result: &Value) {
        let spelt = self.spell(wire);
        self.put(id, format!("{{\"jsonrpc\":\"2.0\",\"id\":{spelt},\"result\":{result}}}"));
    }

    pub fn answer_error(&mut self, id: u64, wire: u64, code: i64, message: &str) {
        let spelt = self.spell(wire);
        let error = json!({"code": code, "message": message});
        self.put(id, format!("{{\"jsonrpc\":\"2.0\",\"id\":{spelt},\"error\":{error}}}"));
    }

    fn ask(&mut self, id: u64, method: &str) {
        let question = self.spell_question();
        let link = self.links.get_mut(&id).expect("its caller holds it");
        if link.peer.welcomed {
            link.peer.asked.insert(question.clone(), None);
        } else {
            // In the modern era there are no such questions and no answers to them;
            // before the era is known there may be one.
            link.peer.taken_back.insert(question.clone());
        }
        self.put(id, format!("{{\"jsonrpc\":\"2.0\",\"id\":{question},\"method\":\"{method}\"}}"));
    }

    pub fn spell_question(&mut self) -> String {
        match self.random.below(3) {
            0 => format!("\"q{}\"", self.seq),
            1 => format!("{}", self.seq),
            _ => format!("-{}", self.seq),
        }
    }

    /// Things that servers say beside what they are asked.
    fn noise(&mut self, id: u64) {
        let chance = self.links[&id].profile.noise;
        if !self.random.mille(chance) {
            return;
        }
        self.counts.noise += 1;
        match self.random.below(13) {
            0 => self.put(id, "Server listening on nothing in particular".into()),
            1 => self.put(id, String::new()),
            2 => self.put(id, "\u{feff}{}".into()),
            3 => self.put(id, "{\"jsonrpc\":\"2.0\",".into()),
            4 => self.ask(id, "ping"),
            5 => self.ask(id, "roots/list"),
            6 => {
                let link = &self.links[&id];
                if link.peer.welcomed {
                    self.ask_person(id, 0, 0);
                }
            }
            7 => {
                let text = "notifications/tools/list_changed";
                self.put(id, format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{text}\"}}"));
            }
            8 => self.put(
                id,
                "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":\
                 {\"level\":\"warning\",\"data\":\"hm\"}}"
                    .into(),
            ),
            9 => self.foreign(id, "null"),
            10 => self.foreign(id, "18446744073709551615"),
            11 => {
                // What another connection waits for is no business of this one.
                let other = self
                    .links
                    .iter()
                    .filter(|(other, _)| **other != id)
                    .flat_map(|(_, link)| link.peer.jobs.keys())
                    .next_back()
                    .copied();
                if let Some(wire) = other {
                    self.foreign(id, &wire.to_string());
                }
            }
            _ => self.put(
                id,
                "[{\"jsonrpc\":\"2.0\",\"method\":\"x/y\"},{\"jsonrpc\":\"2.0\",\"method\":\"z\"}]"
                    .into(),
            ),
        }
    }

    fn foreign(&mut self, id: u64, wire: &str) {
        self.put(id, format!("{{\"jsonrpc\":\"2.0\",\"id\":{wire},\"result\":{{\"token\":0}}}}"));
    }

    pub fn put(&mut self, id: u64, line: String) {
        let crlf = self.links[&id].profile.crlf;
        let line = if self.random.mille(30) && line.starts_with("{\"jsonrpc\":\"2.0\",\"id\"") {
            format!("[{line}]")
        } else {
            line
        };
        let end = if crlf { "\r\n" } else { "\n" };
        self.put_raw(id, format!("{line}{end}").as_bytes());
    }

    fn put_raw(&mut self, id: u64, bytes: &[u8]) {
        if self.is_pipe(id) {
            return self.put_in_pipe(id, bytes);
        }
        let Some(link) = self.links.get_mut(&id) else { return };
        if !link.is_heard() {
            return;
        }
        link.down.extend(bytes);
        let delay = self.random.spread(3_000);
        self.later(delay, Todo::Deliver(id));
    }
}

/// A call that will not be answered.
fn stays_silent(fate: Fate) -> bool {
    matches!(fate, Fate::Silent | Fate::Ignored)
}
