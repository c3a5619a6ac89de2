// Connect protects a service of connect-go, which speaks Connect, gRPC and
// gRPC-Web. It is an http.Handler, so the middleware goes around it; clients of
// all three protocols understand its 401 and 503.
package main

import (
	"context"
	"fmt"
	"net/http"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/examples/frameworks/internal/program"
	"github.com/secureflows/secureflows-go/middleware"
)

// readNoteProcedure would be a constant of generated code; with well-known
// messages there is none to generate.
const readNoteProcedure = "/notes.v1.NotesService/ReadNote"

func main() { program.Main(routes) }

func routes(bearer *middleware.Bearer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(readNoteProcedure, bearer.Require(connect.NewUnaryHandler(readNoteProcedure, readNote)))
	return mux
}

func readNote(ctx context.Context, r *connect.Request[wrapperspb.StringValue]) (*connect.Response[wrapperspb.StringValue], error) {
	caller, _ := secureflows.IdentityFromContext(ctx)
	return connect.NewResponse(wrapperspb.String(fmt.Sprintf("note %s of %s", r.Msg.GetValue(), caller.Email))), nil
}
