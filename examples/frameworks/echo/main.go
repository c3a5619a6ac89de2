// Echo protects the routes of an echo server, by way of echo's own adapter for
// the middleware of net/http.
package main

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/examples/frameworks/internal/program"
	"github.com/secureflows/secureflows-go/middleware"
)

func main() { program.Main(routes) }

func routes(bearer *middleware.Bearer) http.Handler {
	server := echo.New()
	private := server.Group("", echo.WrapMiddleware(bearer.Require))
	private.GET("/notes/:id", readNote)
	return server
}

func readNote(c echo.Context) error {
	caller, _ := secureflows.IdentityFromContext(c.Request().Context())
	return c.String(http.StatusOK, fmt.Sprintf("note %s of %s", c.Param("id"), caller.Email))
}
