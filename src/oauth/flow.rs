//! One login, from the challenge of a server to its tokens.

use std::collections::VecDeque;
use std::fmt;

use super::authorize::{self, PageRequest, Unfit};
use super::challenge::{Challenge, words};
use super::discovery;
use super::form;
use super::grant::{ClientIdentity, Grant};
use super::metadata::{ResourceMetadata, ServerMetadata, endpoint};
use super::pkce;
use super::registration::{self, Registration};
use super::request::{OAuthReply, OAuthRequest, one_line};
use super::token;
use super::web_address::WebAddress;
use crate::config::OAuthEntry;

/// Random bytes that a login needs: for its verifier and for its state.
pub const RANDOM_BYTES: usize = 64;

/// A request to the server itself, whose refusal tells where its metadata is. It only reads.
const PROBE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#;

/// What a login begins with.
pub struct FlowSettings {
    /// The server.
    pub server: WebAddress,
    /// What its entry says.
    pub entry: OAuthEntry,
    /// The challenge with which it refused a request; `None`: it is asked.
    pub challenge: Option<Challenge>,
    /// Scopes of an earlier login, which are asked for again.
    pub scopes: Vec<String>,
    /// The name that people see at the authorization server.
    pub client_name: String,
    /// Where the browser is led back.
    pub redirect_uri: String,
    /// Unpredictable bytes, used once.
    pub random: [u8; RANDOM_BYTES],
}

/// What a login needs next.
#[derive(Debug, PartialEq)]
pub enum FlowStep {
    /// An exchange over HTTP; then [`LoginFlow::replied`].
    Exchange(OAuthRequest),
    /// A person has to open this address; then [`LoginFlow::returned`].
    Visit(String),
    /// The login is over.
    Granted(Box<Grant>),
    /// The login has failed, for this reason.
    Failed(String),
}

/// One login.
pub struct LoginFlow {
    settings: FlowSettings,
    challenge: Challenge,
    verifier: String,
    state: String,
    resource: String,
    scopes: Vec<String>,
    metadata: ServerMetadata,
    client: ClientIdentity,
    place: FlowPlace,
}

/// Where a login is.
enum FlowPlace {
    /// The server is asked for its challenge.
    Probe,
    /// Resource metadata is asked for, and may be at these addresses yet.
    Resource(VecDeque<WebAddress>),
    /// Metadata of the authorization server is asked for, and may be at these addresses yet.
    Server {
        issuer: Expected,
        left: VecDeque<WebAddress>,
    },
    Registration,
    /// A person has the page.
    Page,
    Token,
    Over,
}

/// The issuer that a metadata document must name.
#[derive(Clone, PartialEq, Eq)]
enum Expected {
    /// As the server's own metadata has it.
    Exactly(String),
    /// The origin of a server without metadata of its own (2025-03-26).
    OriginOf(WebAddress),
    /// Any: the user has named the document.
    Any,
}

impl LoginFlow {
    /// Begins a login.
    pub fn start(mut settings: FlowSettings) -> (LoginFlow, FlowStep) {
        let word = |bytes: &[u8]| {
            let mut own = [0; RANDOM_BYTES / 2];
            own.copy_from_slice(bytes);
            pkce::word(&own)
        };
        let (first, second) = settings.random.split_at(RANDOM_BYTES / 2);
        let (verifier, state) = (word(first), word(second));
        settings.random = [0; RANDOM_BYTES];
        let mut flow = LoginFlow {
            challenge: settings.challenge.take().unwrap_or_default(),
            verifier,
            state,
            resource: String::new(),
            scopes: Vec::new(),
            metadata: ServerMetadata::default(),
            client: ClientIdentity::default(),
            place: FlowPlace::Probe,
            settings,
        };
        let step = if flow.challenge == Challenge::default() {
            FlowStep::Exchange(OAuthRequest::json(flow.settings.server.clone(), PROBE.to_owned()))
        } else {
            flow.discover()
        };
        (flow, step)
    }

    /// The reply to the exchange that was asked for, or why there is none.
    pub fn replied(&mut self, reply: Result<OAuthReply, String>) -> FlowStep {
        match std::mem::replace(&mut self.place, FlowPlace::Over) {
            FlowPlace::Probe => match reply {
                Ok(reply) => {
                    let header = reply.www_authenticate.filter(|_| reply.status == 401);
                    let challenge = header.and_then(|header| Challenge::parse(&header));
                    self.challenge = challenge.unwrap_or_default();
                    self.discover()
                }
                Err(why) => FlowStep::Failed(why),
            },
            FlowPlace::Resource(left) => self.resource_came(left, reply),
            FlowPlace::Server { issuer, left } => self.metadata_came(issuer, left, reply),
            FlowPlace::Registration => {
                let made = reply.and_then(|reply| registration::registered(&self.metadata, &reply));
                self.attempt(|flow| {
                    flow.client = made?;
                    flow.authorize()
                })
            }
            FlowPlace::Token => {
                match reply.and_then(|reply| token::granted(self.grant(), &reply)) {
                    Ok(grant) => FlowStep::Granted(Box::new(grant)),
                    Err(why) => FlowStep::Failed(why),
                }
            }
            FlowPlace::Page | FlowPlace::Over => FlowStep::Failed("the login is over".to_owned()),
        }
    }

    /// The address to which the browser was led back, whole or from its `?` on.
    ///
    /// # Errors
    ///
    /// Why it is not the answer to this login, which goes on waiting for that.
    pub fn returned(&mut self, address: &str) -> Result<FlowStep, &'static str> {
        if !matches!(self.place, FlowPlace::Page) {
            return Err("no page is open for this login");
        }
        let code = match authorize::code(address, &self.state, &self.metadata) {
            Ok(code) => code,
            Err(Unfit::Foreign(why)) => return Err(why),
            Err(Unfit::Failed(why)) => {
                self.place = FlowPlace::Over;
                return Ok(FlowStep::Failed(why));
            }
        };
        Ok(self.attempt(|flow| {
            let url = endpoint("token_endpoint", flow.metadata.token_endpoint.as_ref())?;
            flow.place = FlowPlace::Token;
            let (verifier, redirect) = (&flow.verifier, &flow.settings.redirect_uri);
            let client = &flow.client;
            let request =
                token::code_request(url, client, &code, verifier, redirect, &flow.resource);
            Ok(FlowStep::Exchange(request))
        }))
    }

    /// Does a step that can fail.
    fn attempt(
        &mut self,
        step: impl FnOnce(&mut LoginFlow) -> Result<FlowStep, String>,
    ) -> FlowStep {
        step(self).unwrap_or_else(|why| {
            self.place = FlowPlace::Over;
            FlowStep::Failed(why)
        })
    }

    /// Asks for the metadata of the server, or of the authorization server that the entry
    /// names.
    fn discover(&mut self) -> FlowStep {
        self.attempt(|flow| {
            if let Some(named) = flow.settings.entry.metadata_url.clone() {
                let url = endpoint("authServerMetadataUrl", Some(&named))?;
                flow.resource = discovery::resource(&flow.settings.server, None)?;
                flow.select_scopes(None);
                return flow.ask_server(Expected::Any, [url].into());
            }
            let named = flow.challenge.resource_metadata.as_deref();
            let left = discovery::resource_documents(&flow.settings.server, named)?;
            flow.ask_resource(left)
        })
    }

    fn ask_resource(&mut self, mut left: VecDeque<WebAddress>) -> Result<FlowStep, String> {
        match left.pop_front() {
            Some(url) => {
                self.place = FlowPlace::Resource(left);
                Ok(FlowStep::Exchange(OAuthRequest::get(url)))
            }
            None => {
                // Before 2025-06-18 the server itself was the authorization server.
                let server = self.settings.server.clone();
                self.resource = discovery::resource(&server, None)?;
                self.select_scopes(None);
                let left = discovery::server_documents(&server.origin())?;
                self.ask_server(Expected::OriginOf(server), left)
            }
        }
    }

    fn resource_came(
        &mut self,
        left: VecDeque<WebAddress>,
        reply: Result<OAuthReply, String>,
    ) -> FlowStep {
        let document = reply.as_ref().ok().filter(|reply| reply.is_success());
        let document = document.and_then(|reply| serde_json::from_slice(&reply.body).ok());
        self.attempt(|flow| {
            let Some(document): Option<ResourceMetadata> = document else {
                if left.is_empty() && flow.challenge.resource_metadata.is_some() {
                    let why = match reply {
                        Ok(reply) => reply.refusal(),
                        Err(why) => why,
                    };
                    return Err(format!("its resource metadata cannot be read ({why})"));
                }
                return flow.ask_resource(left);
            };
            let (server, said) = (&flow.settings.server, document.resource.as_deref());
            flow.resource = discovery::resource(server, said)?;
            flow.select_scopes(document.scopes_supported.as_deref());
            let Some(issuer) = document.authorization_servers.first() else {
                return Err("its resource metadata names no authorization server".to_owned());
            };
            let left = discovery::server_documents(issuer)?;
            flow.ask_server(Expected::Exactly(issuer.clone()), left)
        })
    }

    /// Scopes by the entry, or by the challenge, or else by the metadata of the server; and
    /// those of an earlier login when a request lacked scopes (MCP "Scope Selection
    /// Strategy", "Step-Up Authorization LoginFlow").
    fn select_scopes(&mut self, supported: Option<&[String]>) {
        let pinned = &self.settings.entry.scopes;
        let mut scopes = match pinned.is_empty() {
            false => pinned.clone(),
            true if !self.challenge.scopes.is_empty() => self.challenge.scopes.clone(),
            true => supported.unwrap_or_default().to_vec(),
        };
        if self.challenge.wants_scopes() {
            for scope in self.settings.scopes.iter().chain(&self.challenge.scopes) {
                if !scopes.contains(scope) {
                    scopes.push(scope.clone());
                }
            }
        }
        self.scopes = scopes.iter().flat_map(|scope| words(scope)).collect();
    }

    fn ask_server(
        &mut self,
        issuer: Expected,
        mut left: VecDeque<WebAddress>,
    ) -> Result<FlowStep, String> {
        match (left.pop_front(), issuer) {
            (Some(url), issuer) => {
                self.place = FlowPlace::Server { issuer, left };
                Ok(FlowStep::Exchange(OAuthRequest::get(url)))
            }
            (None, Expected::OriginOf(server)) => {
                self.metadata = ServerMetadata::without_document(&server);
                self.register()
            }
            (None, Expected::Exactly(issuer)) => {
                Err(format!("its authorization server {issuer} has no metadata"))
            }
            (None, Expected::Any) => {
                Err("there is no metadata at 'oauth.authServerMetadataUrl'".to_owned())
            }
        }
    }

    fn metadata_came(
        &mut self,
        issuer: Expected,
        left: VecDeque<WebAddress>,
        reply: Result<OAuthReply, String>,
    ) -> FlowStep {
        let document = reply.ok().filter(OAuthReply::is_success);
        let document = document.and_then(|reply| serde_json::from_slice(&reply.body).ok());
        self.attempt(|flow| {
            let Some(document): Option<ServerMetadata> = document else {
                return flow.ask_server(issuer, left);
            };
            let is_it = match &issuer {
                Expected::Any => true,
                Expected::Exactly(issuer) => document.issuer == *issuer,
                Expected::OriginOf(server) => {
                    let named = &document.issuer;
                    named.strip_suffix('/').unwrap_or(named) == server.origin()
                }
            };
            // RFC 8414, section 3.3.
            if !is_it {
                let named = one_line(&document.issuer);
                return Err(format!("the metadata is of another authorization server, '{named}'"));
            }
            flow.metadata = document;
            flow.register()
        })
    }

    fn register(&mut self) -> Result<FlowStep, String> {
        let entry = &self.settings.entry;
        if entry.is_client_credentials {
            return self.ask_credentials();
        }
        // A server that does not check PKCE gives the code to whoever has seen it.
        if !self.metadata.has_pkce() {
            return Err("the authorization server does not say that it checks PKCE by S256, \
                        without which a login is not safe"
                .to_owned());
        }
        // Nobody is sent to a page whose code could not be used afterwards.
        endpoint("token_endpoint", self.metadata.token_endpoint.as_ref())?;
        let offline = "offline_access";
        let mut offered = self.metadata.scopes_supported.iter().flatten();
        if offered.any(|scope| scope == offline) && !self.scopes.iter().any(|s| s == offline) {
            self.scopes.push(offline.to_owned());
        }
        let (name, redirect) = (&self.settings.client_name, &self.settings.redirect_uri);
        match registration::choose(entry, &self.metadata, name, redirect)? {
            Registration::Known(client) => {
                self.client = client;
                self.authorize()
            }
            Registration::Needed(request) => {
                self.place = FlowPlace::Registration;
                Ok(FlowStep::Exchange(request))
            }
        }
    }

    /// Asks for tokens of the client itself (RFC 6749, section 4.4).
    fn ask_credentials(&mut self) -> Result<FlowStep, String> {
        let entry = &self.settings.entry;
        if entry.client_id.is_none() || entry.client_secret.is_none() {
            return Err(
                "'oauth.grantType' client_credentials needs clientId and clientSecret".to_owned()
            );
        }
        if let Registration::Known(client) =
            registration::choose(entry, &self.metadata, "", &self.settings.redirect_uri)?
        {
            self.client = client;
        }
        let url = endpoint("token_endpoint", self.metadata.token_endpoint.as_ref())?;
        let (client, scopes) = (&self.client, &self.scopes);
        let request = token::credentials_request(url, client, scopes, &self.resource);
        self.place = FlowPlace::Token;
        Ok(FlowStep::Exchange(request))
    }

    /// The address for the person.
    fn authorize(&mut self) -> Result<FlowStep, String> {
        let named = self.metadata.authorization_endpoint.as_ref();
        let page = PageRequest {
            endpoint: &endpoint("authorization_endpoint", named)?,
            client_id: &self.client.id,
            redirect_uri: &self.settings.redirect_uri,
            scopes: &self.scopes,
            resource: &self.resource,
            state: &self.state,
            code_challenge: &pkce::challenge(&self.verifier),
        };
        let address = page.address();
        self.place = FlowPlace::Page;
        Ok(FlowStep::Visit(address))
    }

    /// What the tokens of a reply are put into.
    fn grant(&self) -> Grant {
        Grant {
            issuer: self.metadata.issuer.clone(),
            token_endpoint: self.metadata.token_endpoint.clone().unwrap_or_default(),
            resource: self.resource.clone(),
            client: self.client.clone(),
            scopes: self.scopes.clone(),
            ..Grant::default()
        }
    }

    /// The names in the query of a redirected address, for a page that says what is missing.
    pub fn is_answer(query: &str) -> bool {
        form::pairs(query).iter().any(|(name, _)| name == "code" || name == "error")
    }
}

impl fmt::Debug for LoginFlow {
    /// Verifier, state and client are secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginFlow").field("server", &self.settings.server).finish_non_exhaustive()
    }
}

impl fmt::Debug for FlowSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowSettings").field("server", &self.server).finish_non_exhaustive()
    }
}
