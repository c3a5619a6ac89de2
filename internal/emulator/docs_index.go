package emulator

// docChunk is a piece of a document, as the search index has it.
type docChunk struct{ path, heading, snippet string }

const (
	quickstartDoc = "docs/integration/quickstart.md"
	loginDoc      = "docs/integration/hosted-login.md"
	sessionsDoc   = "docs/integration/session-api.md"
	errorsDoc     = "docs/integration/errors.md"
	logoutDoc     = "docs/integration/sign-out.md"
)

var docTitles = map[string]string{
	quickstartDoc: "Quickstart",
	loginDoc:      "Hosted login",
	sessionsDoc:   "Session API",
	errorsDoc:     "Errors",
	logoutDoc:     "Sign out",
}

var docChunks = []docChunk{
	{quickstartDoc, "Constants", "The dashboard hands out origin, workspace name and app id. Write them into the application as constants: what a client sends or an environment sets must not change them."},
	{quickstartDoc, "Backend pattern", "For each protected route take the Bearer token, resolve it at the service, enforce access on the resolved identity, and run the operation scoped to that user."},
	{quickstartDoc, "Token storage", "A session token belongs in memory, and not in files, cookies, logs or the storage of a browser. It looks like a JWT; what is in it is the service's own."},
	{quickstartDoc, "Payload, keys and values", "Give each value a key of its own; any JSON type will do. Records of one kind have keys that begin alike, such as note:<id>."},
	{loginDoc, "Login URL", "Redirect the browser to /app/sessions/login with app_id, workspace_name and redirect_uri, and optionally state, ttl_seconds, payload or session_token. Encode every value once."},
	{loginDoc, "redirect_uri allowlist", "The redirect_uri equals an entry of the allowlist exactly: scheme, host, port and path. localhost and 127.0.0.1 differ. It has no fragment."},
	{loginDoc, "Callback", "The return carries sessionToken and the state it was given, or error and error_description. The callback route is unguarded."},
	{loginDoc, "Renew an expired session token", "After 401 or 410 expired, pass the expired token as session_token. The person comes back with a new token for that session, and finds the data as it was."},
	{loginDoc, "Payload and ttl_seconds", "payload is a JSON object that is stored only when a session is created. ttl_seconds is 0 for unlimited, or 60 to 604800."},
	{sessionsDoc, "Create or reuse a session", "POST /api/v1/sessions always creates a session. POST /api/v1/sessions/get-or-create reuses the newest active one and is the default on login."},
	{sessionsDoc, "Read the payload", "GET /api/v1/sessions answers a flat JSON object of keys and values, {} when it is empty."},
	{sessionsDoc, "Identity", "GET /api/v1/sessions/identity answers userId and email. userId stays the same for a person, whatever the session: file records under it."},
	{sessionsDoc, "Read, set and delete a key", "GET /api/v1/sessions/get/{key}, POST /api/v1/sessions/set/{key} with {\"value\": x}, DELETE /api/v1/sessions/delete/{key}. A set replaces the whole value."},
	{sessionsDoc, "Renew by call", "POST /api/v1/sessions/renew/{sessionToken} with an ID token raises the revision and answers a new session token and the payload."},
	{sessionsDoc, "Revoke", "POST /api/v1/sessions/revoke ends the session and deletes everything stored in it. Signing out is logout."},
	{errorsDoc, "410 is not data loss", "410 Session expired means that the token ended. The session's data is intact: renew by hosted login."},
	{errorsDoc, "404 on a key", "404 from GET /api/v1/sessions/get/{key} means that the key was never written. Use a default value."},
	{errorsDoc, "Billing limits", "429 with BILLING_SESSION_LIMIT or BILLING_PAYLOAD_LIMIT is a limit of the plan: tell the user, do not retry."},
	{errorsDoc, "Grace lock", "403 with BILLING_GRACE_LOCK: the workspace is locked over billing. The user is not signed out; keep the token."},
	{errorsDoc, "503 and outages", "5xx and connection errors are outages and never a sign-out. For documentation search wait 5 seconds and retry at most twice."},
	{logoutDoc, "Browser logout", "Navigate to GET /api/v1/auth/logout with session_token and redirect_uri. A fetch does not clear the cookies of the hosted pages."},
	{logoutDoc, "After logout", "The redirect_uri of a logout is not the callback route and carries no session_token: either one signs the user straight in again."},
	{logoutDoc, "Logout without a browser", "POST /api/v1/auth/logout supersedes the session's tokens. Data and other sessions stay."},
}
