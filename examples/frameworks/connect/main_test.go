package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

func TestRoutes(t *testing.T) {
	for name, protocol := range map[string]connect.ClientOption{
		"Connect": connect.WithClientOptions(), "gRPC": connect.WithGRPC(), "gRPC-Web": connect.WithGRPCWeb(),
	} {
		t.Run(name, func(t *testing.T) { checkProtocol(t, protocol) })
	}
}

func checkProtocol(t *testing.T, protocol connect.ClientOption) {
	service := secureflowstest.NewServer(t)
	server := httptest.NewUnstartedServer(routes(middleware.NewBearer(service.Client(), middleware.BearerConfig{})))
	server.EnableHTTP2 = true // for gRPC
	server.StartTLS()
	t.Cleanup(server.Close)
	client := connect.NewClient[wrapperspb.StringValue, wrapperspb.StringValue](server.Client(), server.URL+readNoteProcedure, protocol)
	ask := func(token secureflows.Token) (string, error) {
		r := connect.NewRequest(wrapperspb.String("7"))
		if !token.IsZero() {
			r.Header().Set("Authorization", "Bearer "+token.Reveal())
		}
		response, err := client.CallUnary(t.Context(), r)
		if err != nil {
			return "", err
		}
		return response.Msg.GetValue(), nil
	}

	_, err := ask(secureflows.Token{})
	assert.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err), err)

	for _, email := range []string{"ada@example.com", "grace@example.com"} {
		note, err := ask(service.Session(email).Token())
		require.NoError(t, err)
		assert.Equal(t, "note 7 of "+email, note)
	}

	service.Fail(secureflowstest.Fault{Status: http.StatusBadGateway})
	_, err = ask(service.Session("lin@example.com").Token())
	assert.Equal(t, connect.CodeUnavailable, connect.CodeOf(err), err)
}
