package tokenleak

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"
	"github.com/rs/zerolog"
	"go.uber.org/zap"
	"gorm.io/gorm"

	"github.com/secureflows/secureflows-go"
)

func answerByGin(c *gin.Context, token secureflows.Token) {
	c.JSON(http.StatusOK, gin.H{"token": token.Reveal()}) // want `reaches an answer`
}

func answerTextByGin(c *gin.Context, token secureflows.Token) {
	c.String(http.StatusOK, "your token: %s", token.Reveal()) // want `reaches an answer`
}

func cookieByGin(c *gin.Context, token secureflows.Token) {
	c.SetCookie("session", token.Reveal(), 3600, "/", "", true, true) // want `reaches a cookie`
}

func redirectByGin(c *gin.Context, token secureflows.Token) {
	c.Redirect(http.StatusFound, "/welcome#"+token.Reveal()) // want `reaches a URL`
}

func answerByEcho(c echo.Context, token secureflows.Token) error {
	return c.JSON(http.StatusOK, answer{Token: token.Reveal()}) // want `reaches an answer`
}

func refuseByEcho(token secureflows.Token) error {
	return echo.NewHTTPError(http.StatusForbidden, "no such token: "+token.Reveal()) // want `reaches an error`
}

func logByEcho(c echo.Context, token secureflows.Token) {
	c.Logger().Infof("signed in with %s", token.Reveal()) // want `reaches a log`
}

func logByZap(logger *zap.Logger, token secureflows.Token) {
	logger.Info("signed in", zap.String("token", token.Reveal())) // want `reaches a log`
}

func logByZerolog(logger *zerolog.Logger, token secureflows.Token) {
	logger.Info().Str("token", token.Reveal()).Msg("signed in") // want `reaches a log`
}

func keepByPgx(ctx context.Context, connection *pgx.Conn, token secureflows.Token) error {
	_, err := connection.Exec(ctx, "INSERT INTO tokens VALUES ($1)", token.Reveal()) // want `reaches a database`
	return err
}

type row struct {
	ID    uint
	Token string
}

func keepByGorm(db *gorm.DB, token secureflows.Token) error {
	return db.Create(&row{Token: token.Reveal()}).Error // want `reaches a database`
}

func getWithToken(token secureflows.Token) (*http.Response, error) {
	return http.Get("https://api.example.com/notes?token=" + token.Reveal()) // want `reaches a URL`
}

func getByClient(client *http.Client, base string, token secureflows.Token) (*http.Response, error) {
	return client.Get(fmt.Sprintf("%s/notes?token=%s", base, token.Reveal())) // want `reaches a URL`
}

func addressOf(base string, token secureflows.Token) string {
	return base + "/events?limit=5&token=" + token.Reveal() // want `reaches a URL`
}

func socketOf(token secureflows.Token) string {
	return fmt.Sprintf("wss://events.example.com/%s", token.Reveal()) // want `reaches a URL`
}

func pageOf(token secureflows.Token) string {
	return "https://cdn.example.com/" + token.Reveal() + "/notes.html" // want `reaches a URL`
}
