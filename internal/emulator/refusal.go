package emulator

import (
	"fmt"
	"net/http"
)

// refusal is the service saying no: the status and the JSON error form.
type refusal struct {
	status  int
	code    string // billing refusals have one
	message string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.status, r.message) }

func refuse(status int, message string) *refusal { return &refusal{status: status, message: message} }

// The texts are those of the published OpenAPI wherever it shows one: clients
// in the field tell some refusals apart by nothing else.
var (
	errNoCredentials   = refuse(http.StatusUnauthorized, "Missing Authorization header")
	errTwoCredentials  = refuse(http.StatusUnauthorized, "Invalid Authorization header")
	errBadIDToken      = refuse(http.StatusUnauthorized, "Invalid Firebase token")
	errBadSessionToken = refuse(http.StatusUnauthorized, "Invalid session token")
	errTokenExpired401 = refuse(http.StatusUnauthorized, "Session token expired")
	errSessionExpired  = refuse(http.StatusGone, "Session expired")
	errSessionRevoked  = refuse(http.StatusGone, "Session revoked")
	errSessionNotFound = refuse(http.StatusNotFound, "Session not found")
	errKeyNotFound     = refuse(http.StatusNotFound, "Key not found")
	errNoWorkspace     = refuse(http.StatusNotFound, "Workspace not found")
	errNoApp           = refuse(http.StatusNotFound, "Application not found")
	errNotOwner        = refuse(http.StatusForbidden, "Firebase user does not own this session")
	errNotFound        = refuse(http.StatusNotFound, "Not found")
	errNotAllowed      = refuse(http.StatusMethodNotAllowed, "Method not allowed")
	errBodyTooLarge    = refuse(http.StatusRequestEntityTooLarge, "Request body too large")
	errBadRedirect     = refuse(http.StatusBadRequest, "redirect URI is not allowlisted for this application")
	errGraceLock       = &refusal{http.StatusForbidden, "BILLING_GRACE_LOCK",
		"Workspace is locked after paid period ended without Free downgrade; end-user session access is blocked until you Downgrade to Free (reduce usage first if over Free limits)"}
)

func badRequest(message string) *refusal { return refuse(http.StatusBadRequest, message) }

func sessionLimitReached(limit int) *refusal {
	return &refusal{http.StatusTooManyRequests, "BILLING_SESSION_LIMIT",
		fmt.Sprintf("workspace concurrent session limit reached (max %d)", limit)}
}

// payloadTooLarge has a code in the newer vintage only.
func (e *Emulator) payloadTooLarge(limit int) *refusal {
	message := fmt.Sprintf("session payload exceeds plan limit (max %d bytes)", limit)
	if e.config.PayloadLimitStatus == http.StatusRequestEntityTooLarge {
		return refuse(http.StatusRequestEntityTooLarge, message)
	}
	return &refusal{http.StatusTooManyRequests, "BILLING_PAYLOAD_LIMIT", message}
}
