// Gin protects the routes of a gin engine, by way of one function that makes
// gin's middleware of net/http's.
package main

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/examples/frameworks/internal/program"
	"github.com/secureflows/secureflows-go/middleware"
)

func main() { program.Main(routes) }

func routes(bearer *middleware.Bearer) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	private := engine.Group("/", guard(bearer.Require))
	private.GET("/notes/:id", readNote)
	return engine
}

// guard runs the handlers that follow where middleware lets the request
// through, and none of them where it has answered.
func guard(wrap func(http.Handler) http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		through := false
		wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			through = true
			c.Request = r
			c.Next()
		})).ServeHTTP(c.Writer, c.Request)
		if !through {
			c.Abort()
		}
	}
}

func readNote(c *gin.Context) {
	caller, _ := secureflows.IdentityFromContext(c.Request.Context())
	c.String(http.StatusOK, "note %s of %s", c.Param("id"), caller.Email)
}
