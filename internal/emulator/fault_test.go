package emulator_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

func (s *service) fault(f emulator.Fault) {
	s.t.Helper()
	require.NoError(s.t, s.mock.AddFault(f))
}

func TestFaultsQueueInOrder(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, `{"a":1}`)
	s.fault(emulator.Fault{Path: create, Status: 503, Times: 2})
	s.fault(emulator.Fault{Path: create, Method: "post", Status: 500})
	s.fault(emulator.Fault{Path: create, Status: 429, Header: http.Header{"Retry-After": {"5"}}})
	refused(t, s.as(token, "GET", create, ""), 503, `{"status":503,"error":"Service Unavailable"}`)
	refused(t, s.as(token, "POST", create, ""), 503, `{"status":503,"error":"Service Unavailable"}`)
	got := s.as(token, "GET", create, "")
	refused(t, got, 429, `{"status":429,"error":"Too Many Requests"}`)
	require.Equal(t, "5", got.header.Get("Retry-After"))
	require.Contains(t, got.header.Get("Access-Control-Expose-Headers"), "Retry-After")
	ok(t, s.as(token, "GET", create, ""), `{"a":1}`)
	refused(t, s.as(token, "POST", create, ""), 500, `{"status":500,"error":"Internal Server Error"}`)
}

func TestWhereAFaultStrikes(t *testing.T) {
	for name, row := range map[string]struct {
		fault  emulator.Fault
		path   string
		struck bool
	}{
		"any path":        {emulator.Fault{}, "/app/self", true},
		"exact":           {emulator.Fault{Path: create}, create, true},
		"not exact":       {emulator.Fault{Path: create}, create + "/identity", false},
		"prefix":          {emulator.Fault{Path: "/api/v1/sessions/get/*"}, "/api/v1/sessions/get/x", true},
		"another prefix":  {emulator.Fault{Path: "/api/v1/sessions/get/*"}, "/api/v1/sessions/set/x", false},
		"all":             {emulator.Fault{Path: "*"}, "/", true},
		"encoded in one":  {emulator.Fault{Path: "/api/v1/sessions/get/note:1"}, "/api/v1/sessions/get/note%3A1", true},
		"query ignored":   {emulator.Fault{Path: "/api/v1/docs/search"}, "/api/v1/docs/search?q=x", true},
		"another method":  {emulator.Fault{Method: "POST"}, create, false},
		"the same method": {emulator.Fault{Method: "get"}, create, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, demo())
			row.fault.Status = 599
			s.fault(row.fault)
			require.Equal(t, row.struck, s.do("GET", row.path, "").status == 599)
		})
	}
}

func TestBodiesOfFaults(t *testing.T) {
	s := serve(t, demo())
	for _, row := range []struct {
		fault             emulator.Fault
		body, contentType string
	}{
		{emulator.Fault{Status: 502, Body: "<h1>Bad gateway</h1>"}, "<h1>Bad gateway</h1>", "text/html; charset=utf-8"},
		{emulator.Fault{Status: 403, EmptyBody: true}, "", ""},
		{emulator.Fault{Status: 403, Body: `{"error":"Access denied"}`}, `{"error":"Access denied"}`, "application/json"},
		{emulator.Fault{Status: 200, Body: "{", ContentType: "application/json"}, "{", "application/json"},
		{emulator.Fault{Status: 204}, "", ""},
		{emulator.Fault{Status: 599}, `{"status":599,"error":"Injected fault"}`, "application/json"},
	} {
		s.fault(row.fault)
		got := s.do("GET", create, "")
		require.Equal(t, row.fault.Status, got.status)
		require.Equal(t, row.body, got.body)
		require.Equal(t, row.contentType, got.header.Get("Content-Type"))
		require.Equal(t, "*", got.header.Get("Access-Control-Allow-Origin"))
		require.Equal(t, "no-store", got.header.Get("Cache-Control"))
	}
}

func TestARequestRunsUnlessTheFaultHasAStatus(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, "")
	write := func(value string) (reply, error) {
		return s.try("POST", "/api/v1/sessions/set/a", value, "Authorization", "Bearer "+token)
	}
	s.fault(emulator.Fault{Status: 500})
	_, err := write("1")
	require.NoError(t, err)
	ok(t, s.as(token, "GET", create, ""), `{}`)

	s.fault(emulator.Fault{Status: 500, Drop: true})
	_, err = write("1")
	require.Error(t, err)
	ok(t, s.as(token, "GET", create, ""), `{}`)

	s.fault(emulator.Fault{Drop: true})
	_, err = write("2")
	require.Error(t, err)
	ok(t, s.as(token, "GET", create, ""), `{"a":2}`)

	s.fault(emulator.Fault{Truncate: true})
	got, err := write("3")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, 200, got.status)
	require.Equal(t, `{"a`, got.body)
	ok(t, s.as(token, "GET", create, ""), `{"a":3}`)

	s.fault(emulator.Fault{Header: http.Header{"X-Request-Id": {"r1"}}})
	got = s.as(token, "GET", create, "")
	ok(t, got, `{"a":3}`)
	require.Equal(t, "r1", got.header.Get("X-Request-Id"))

	s.fault(emulator.Fault{Status: 403, EmptyBody: true, Truncate: true})
	_, err = write("4")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	s.fault(emulator.Fault{Truncate: true})
	_, err = s.try("HEAD", create, "")
	require.Error(t, err)
}

// A client sends a GET again by itself when a connection it has used before
// closes without a word.
func TestADroppedConnectionIsSeenByClientsThatRetryThemselves(t *testing.T) {
	s := serve(t, demo())
	for range 3 {
		s.do("GET", create, "")
		s.fault(emulator.Fault{Path: create, Drop: true})
		_, err := s.try("GET", create, "")
		require.Error(t, err)
	}
	require.Len(t, s.mock.Requests(), 6)
}

func TestPreflightsUseUpNoFault(t *testing.T) {
	s := serve(t, demo())
	s.fault(emulator.Fault{Status: 503})
	require.Equal(t, 204, s.do("OPTIONS", create, "", "Origin", "http://localhost:5173", "Access-Control-Request-Method", "GET").status)
	require.Equal(t, 503, s.do("GET", create, "").status)
}

func TestTheControlAPIMeetsNoFaults(t *testing.T) {
	s := serve(t, demo())
	s.fault(emulator.Fault{Status: 503, Times: 100})
	require.Equal(t, 503, s.do("GET", create, "").status)
	require.Equal(t, 200, s.do("POST", "/_emulator/reset", "").status)
	require.Equal(t, 401, s.do("GET", create, "").status)
}

func TestFaultsThatMakeNoSense(t *testing.T) {
	mock, err := emulator.New(emulator.Config{})
	require.NoError(t, err)
	for want, fault := range map[string]emulator.Fault{
		"does not start with /":    {Path: "api", Status: 500},
		"has a query":              {Path: "/api?x", Status: 500},
		"only a final one":         {Path: "/a*b", Status: 500},
		"meets no faults":          {Path: "/_emulator/reset", Status: 500},
		"not between 200 and 599":  {Status: 100},
		"a body needs a status":    {Body: "x"},
		"neither text nor content": {Status: 500, EmptyBody: true, Body: "x"},
		"not both":                 {Drop: true, Truncate: true},
		"is negative":              {Delay: -1},
		"0 is once":                {Status: 500, Times: -1},
		"it changes nothing":       {Path: create},
		"frames the answer":        {Header: http.Header{"Content-Length": {"1"}}},
		"not a header name":        {Header: http.Header{"a b": {"1"}}},
		"line break":               {Header: http.Header{"A": {"1\r\nB: 2"}}},
	} {
		require.ErrorContains(t, mock.AddFault(fault), want)
	}
}

// delayed starts a request that a fault holds back for an hour, and says how it
// ends.
func delayed(ctx context.Context, mock *emulator.Emulator) (*httptest.ResponseRecorder, <-chan any) {
	request := httptest.NewRequest("GET", create, nil).WithContext(ctx)
	recorder := httptest.NewRecorder()
	ended := make(chan any, 1)
	go func() {
		defer func() { ended <- recover() }()
		wrapHandler(mock).ServeHTTP(recorder, request)
	}()
	return recorder, ended
}

func TestDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mock, err := emulator.New(emulator.Config{})
		require.NoError(t, err)
		require.NoError(t, mock.AddFault(emulator.Fault{Delay: time.Hour, Times: 3}))
		start := time.Now()
		recorder, ended := delayed(t.Context(), mock)
		synctest.Wait()
		require.Len(t, mock.Requests(), 1)
		require.Zero(t, mock.Requests()[0].Status, "held back")
		mock.Advance(24 * time.Hour) // the service's clock, not the network's
		require.Nil(t, <-ended)
		require.Equal(t, time.Hour, time.Since(start))
		require.Equal(t, 401, recorder.Code)
		require.Equal(t, 401, mock.Requests()[0].Status)

		ctx, leave := context.WithCancel(t.Context())
		_, ended = delayed(ctx, mock)
		synctest.Wait()
		leave()
		require.Equal(t, http.ErrAbortHandler, <-ended)

		recorder, ended = delayed(t.Context(), mock)
		synctest.Wait()
		require.NoError(t, mock.Close())
		require.NoError(t, mock.Close())
		require.Nil(t, <-ended)
		require.Equal(t, 401, recorder.Code)
		require.Equal(t, time.Hour, time.Since(start))
	})
}

func TestADelayEndsWhenTheClientGoesAway(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, "")
	s.fault(emulator.Fault{Delay: time.Hour})
	ctx, leave := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, "GET", s.server.URL+create, nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	failed := make(chan error, 1)
	go func() {
		_, err := s.client.Do(request)
		failed <- err
	}()
	require.Eventually(t, func() bool { return len(s.mock.Requests()) == 2 }, 10*time.Second, time.Millisecond)
	leave()
	require.True(t, errors.Is(<-failed, context.Canceled))
	s.server.Close() // waits for the handler
}
