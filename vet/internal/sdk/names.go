package sdk

import (
	"go/types"
	"slices"
)

// What the rules ask for by name. [Names] lists them all, and a test holds the
// list against the SDK's sources: whoever renames a method there hears of it.
var (
	New        = Name{Path, "", "New"}
	NewToken   = Name{Path, "", "NewToken"}
	NewIDToken = Name{Path, "", "NewIDToken"}
	NewContext = Name{Path, "", "NewContext"}

	Get             = Name{Path, "", "Get"}
	GetOr           = Name{Path, "", "GetOr"}
	IdentityFromCtx = Name{Path, "", "IdentityFromContext"}
	SessionFromCtx  = Name{Path, "", "SessionFromContext"}
	ParseCallback   = Name{Path, "", "ParseCallback"}
	RedactURL       = Name{Path, "", "RedactURL"}

	SessionGet      = Name{Path, "Session", "Get"}
	SessionSet      = Name{Path, "Session", "Set"}
	SessionDelete   = Name{Path, "Session", "Delete"}
	SessionPayload  = Name{Path, "Session", "Payload"}
	SessionIdentity = Name{Path, "Session", "Identity"}
	SessionLogout   = Name{Path, "Session", "Logout"}
	SessionRevoke   = Name{Path, "Session", "Revoke"}
	SessionToken    = Name{Path, "Session", "Token"}

	KeyGet        = Name{Path, "Key", "Get"}
	CollectionGet = Name{Path, "Collection", "Get"}
	CollectionPut = Name{Path, "Collection", "Put"}

	LoginURL           = Name{Path, "Client", "LoginURL"}
	LogoutURL          = Name{Path, "Client", "LogoutURL"}
	RenewURL           = Name{Path, "Client", "RenewURL"}
	ReauthURL          = Name{Path, "Client", "ReauthURL"}
	CompleteURL        = Name{Path, "Client", "CompleteURL"}
	ClientSession      = Name{Path, "Client", "Session"}
	CreateSession      = Name{Path, "Client", "CreateSession"}
	GetOrCreateSession = Name{Path, "Client", "GetOrCreateSession"}
	ClientResolve      = Name{Path, "Client", "Resolve"}
	RenewSession       = Name{Path, "Client", "RenewSession"}

	// Reveal of Token and IDToken is promoted from what both embed.
	Reveal = Name{Path, "secret", "Reveal"}

	BrowserCallback = Name{MiddlewarePath, "Browser", "Callback"}
	BrowserLogout   = Name{MiddlewarePath, "Browser", "Logout"}
	BrowserRefuse   = Name{MiddlewarePath, "Browser", "Refuse"}
	BrowserReauth   = Name{MiddlewarePath, "Browser", "Reauth"}
	BearerCheck     = Name{MiddlewarePath, "Bearer", "Check"}
)

// guards are the methods of Bearer and Browser that stand in front of a handler.
var guards = []string{"Require", "Optional", "Allow", "RequireFresh"}

// Guard gives the name of the guard that fn is, such as Require of a Bearer or
// a Browser, and false when it is none.
func Guard(fn *types.Func) (Name, bool) {
	name := Of(fn)
	ok := name.Package == MiddlewarePath && slices.Contains(guards, name.Func) &&
		(name.Receiver == "Bearer" || name.Receiver == "Browser")
	return name, ok
}

// IsSessionCall reports whether fn asks the service for one user: the methods
// of Session that take a context, Get and GetOr, and those of Key and
// Collection.
func IsSessionCall(fn *types.Func) bool {
	name := Of(fn)
	if name.Package != Path {
		return false
	}
	switch name.Receiver {
	case "Session", "Key", "Collection":
		parameters := fn.Signature().Params()
		return parameters.Len() > 0 && Is(parameters.At(0).Type(), "context", "Context")
	case "":
		return name == Get || name == GetOr
	}
	return false
}

// IsURLBuilder reports whether fn builds a URL of the service that may hold a
// token.
func IsURLBuilder(fn *types.Func) bool {
	return In(fn, LoginURL, LogoutURL, RenewURL, ReauthURL, CompleteURL)
}

// Names gives every name above.
func Names() []Name {
	names := []Name{
		New, NewToken, NewIDToken, NewContext, Get, GetOr, IdentityFromCtx, SessionFromCtx, ParseCallback, RedactURL,
		SessionGet, SessionSet, SessionDelete, SessionPayload, SessionIdentity, SessionLogout, SessionRevoke, SessionToken,
		KeyGet, CollectionGet, CollectionPut,
		LoginURL, LogoutURL, RenewURL, ReauthURL, CompleteURL, ClientSession, CreateSession, GetOrCreateSession, ClientResolve, RenewSession,
		Reveal, BrowserCallback, BrowserLogout, BrowserRefuse, BrowserReauth, BearerCheck,
	}
	for _, guard := range guards {
		names = append(names, Name{MiddlewarePath, "Bearer", guard}, Name{MiddlewarePath, "Browser", guard})
	}
	return names
}

// sentinels are the errors to decide by.
var sentinels = []string{
	"ErrSignedOut", "ErrUnauthenticated", "ErrTokenExpired", "ErrSessionRevoked", "ErrSessionNotFound",
	"ErrKeyNotFound", "ErrGraceLock", "ErrForbidden", "ErrSessionLimit", "ErrPayloadTooLarge",
	"ErrRateLimited", "ErrInvalidRequest", "ErrUnavailable",
}

// Sentinel gives the name of the SDK's sentinel that object is, or "".
func Sentinel(object types.Object) string {
	if object == nil || object.Pkg() == nil || object.Pkg().Path() != Path || !slices.Contains(sentinels, object.Name()) {
		return ""
	}
	return object.Name()
}

// Sentinels gives the names of all sentinels.
func Sentinels() []string { return slices.Clone(sentinels) }
