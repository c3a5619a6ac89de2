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
	router.Get("/open", open) // want `GET /open: open behind nothing\.$`
	router.Group(func(private chi.Router) {
		private.Use(bearer.Require)
		private.Get("/notes", open) // want `GET /notes: open behind Bearer.Require\.$`
	})
	router.With(bearer.Require).Post("/notes", open) // want `POST /notes: open behind Bearer.Require\.$`
	return router
}

func chiBelow(bearer *middleware.Bearer, unknown func(http.Handler) http.Handler) http.Handler {
	router := chi.NewRouter()
	router.Route("/api", func(api chi.Router) {
		api.Get("/", open) // want `GET /api/: open behind nothing\.$`
		api.Group(func(private chi.Router) {
			private.Use(bearer.Optional, bearer.Require)
			private.Get("/notes/{id}", open) // want `GET /api/notes/{id}: open behind Bearer.Optional Bearer.Require\.$`
		})
		api.Get("/late", open)  // want `GET /api/late: open behind nothing\.$`
		api.Use(bearer.Require) // chi panics here
	})
	admin := chi.NewRouter()
	admin.Use(unknown)
	admin.Get("/users", open) // want `GET /admin/users: open behind nothing, opaque`
	router.Mount("/admin", admin)
	reports := chi.NewRouter()
	reports.Get("/daily", open) // want `GET /admin/reports/daily: open behind nothing, opaque`
	admin.Mount("/reports", reports)
	return router
}

func chiOwn(s *site) {
	checked, plain := chi.NewRouter(), chi.NewRouter()
	checked.Use(s.checked)
	checked.Get("/checked", open) // want `GET /checked: open behind nothing, opaque`
	plain.Use(logged, http.NewCrossOriginProtection().Handler)
	plain.Get("/plain", open) // want `GET /plain: open behind nothing\.$`
}

func byGorilla(bearer *middleware.Bearer) http.Handler {
	router := mux.NewRouter()
	private := router.NewRoute().Subrouter()
	private.Use(bearer.Require)
	private.HandleFunc("/notes", open).Methods(http.MethodGet) // want `GET /notes: open behind Bearer.Require\.$`
	router.HandleFunc("/open", open)                           // want `^ /open: open behind nothing\.$`
	api := router.PathPrefix("/api").Subrouter()
	api.HandleFunc("/both", open).Methods("GET", "POST").Name("both") // want `^ /api/both: open behind Bearer.Require\.$`
	api.HandleFunc("/one", open).Name("one").Methods("PUT")           // want `PUT /api/one: open behind Bearer.Require\.$`
	api.Methods("DELETE").Path("/all").HandlerFunc(open)              // want `DELETE /api/all: open behind Bearer.Require\.$`
	api.Use(bearer.Require)                                           // looked up for each request
	return router
}

func forEcho(echo.Context) error { return nil }

func requestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error { return next(c) }
}

func byEcho(bearer *middleware.Bearer) http.Handler {
	server := echo.New()
	private := server.Group("", echo.WrapMiddleware(bearer.Require))
	private.GET("/notes", forEcho)                                              // want `GET /notes: forEcho behind Bearer.Require\.$`
	server.GET("/open", forEcho)                                                // want `GET /open: forEcho behind nothing\.$`
	server.GET("/one", forEcho, requestID, echo.WrapMiddleware(bearer.Require)) // want `GET /one: forEcho behind Bearer.Require\.$`
	api := server.Group("/api")
	api.GET("/early", forEcho) // want `GET /api/early: forEcho behind nothing\.$`
	api.Use(echo.WrapMiddleware(bearer.Require))
	api.Add("PUT", "/late", forEcho) // want `PUT /api/late: forEcho behind Bearer.Require\.$`
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
	private.GET("/notes", forGin)                                   // want `GET /notes: forGin behind Bearer.Require\.$`
	engine.GET("/open", forGin)                                     // want `GET /open: forGin behind nothing\.$`
	engine.GET("/one", gin.Logger(), guard(bearer.Require), forGin) // want `GET /one: forGin behind Bearer.Require\.$`
	early := engine.Group("/early")
	engine.Use(guard(bearer.Require))
	early.GET("/notes", forGin)                  // want `GET /early/notes: forGin behind nothing\.$`
	engine.Group("/late").POST("/notes", forGin) // want `POST /late/notes: forGin behind Bearer.Require\.$`
	return engine
}
