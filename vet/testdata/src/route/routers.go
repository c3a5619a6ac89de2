package route

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gorilla/mux"
	"github.com/labstack/echo/v4"

	"github.com/secureflows/secureflows-go/middleware"
)

func byChi(bearer *middleware.Bearer) http.Handler {
	router := chi.NewRouter()
	router.Get("/open", open) // want `GET /open: open behind nothing`
	router.Group(func(private chi.Router) {
		private.Use(bearer.Require)
		private.Get("/notes", open) // want `GET /notes: open behind Bearer.Require`
	})
	router.With(bearer.Require).Post("/notes", open) // want `POST /notes: open behind Bearer.Require`
	return router
}

func byGorilla(bearer *middleware.Bearer) http.Handler {
	router := mux.NewRouter()
	private := router.NewRoute().Subrouter()
	private.Use(bearer.Require)
	private.HandleFunc("/notes", open).Methods(http.MethodGet) // want `/notes: open behind Bearer.Require`
	router.HandleFunc("/open", open)                           // want `/open: open behind nothing`
	return router
}

func forEcho(echo.Context) error { return nil }

func byEcho(bearer *middleware.Bearer) http.Handler {
	server := echo.New()
	private := server.Group("", echo.WrapMiddleware(bearer.Require))
	private.GET("/notes", forEcho) // want `GET /notes: forEcho behind Bearer.Require`
	server.GET("/open", forEcho)   // want `GET /open: forEcho behind nothing`
	return server
}

func forGin(*gin.Context) {}

func guard(wrap func(http.Handler) http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { c.Next() })).ServeHTTP(c.Writer, c.Request)
	}
}

func byGin(bearer *middleware.Bearer) http.Handler {
	engine := gin.New()
	private := engine.Group("/", guard(bearer.Require))
	private.GET("/notes", forGin) // want `GET /notes: forGin behind Bearer.Require`
	engine.GET("/open", forGin)   // want `GET /open: forGin behind nothing`
	return engine
}
