package tokenleak

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"
	"github.com/rs/zerolog"
	"go.uber.org/zap"
	"gorm.io/gorm"

	"github.com/secureflows/secureflows-go"
)

func nameByGin(c *gin.Context, identity secureflows.Identity, token secureflows.Token) {
	c.Set("token", token.Reveal()) // in memory, for the handlers after this one
	c.JSON(http.StatusOK, gin.H{"email": identity.Email, "signedIn": token.Reveal() != ""})
}

func nameByEcho(c echo.Context, identity secureflows.Identity, token secureflows.Token) error {
	c.Set("token", token.Reveal())
	return c.JSON(http.StatusOK, map[string]any{"email": identity.Email, "token": token}) // is marshalled as [REDACTED]
}

func redactedByZap(logger *zap.Logger, token secureflows.Token) {
	logger.Info("signed in", zap.Stringer("token", token), zap.Int("bytes", len(token.Reveal())))
}

func redactedByZerolog(logger *zerolog.Logger, token secureflows.Token) {
	logger.Info().Stringer("token", token).Bool("known", strings.Contains(token.Reveal(), ".")).Msg("signed in")
}

func identityByPgx(ctx context.Context, connection *pgx.Conn, session *secureflows.Session, accepts func(string) bool) error {
	if !accepts(session.Token().Reveal()) {
		return nil
	}
	identity, err := session.Identity(ctx)
	if err != nil {
		return err
	}
	_, err = connection.Exec(ctx, "INSERT INTO people VALUES ($1)", identity.UserID)
	return err
}

type person struct {
	ID    uint
	token string
}

func identityByGorm(db *gorm.DB, id uint, token secureflows.Token) (string, error) {
	p := person{ID: id, token: token.Reveal()}
	return p.token, db.Delete(&row{}, p.ID).Error
}

func getByHeader(client *http.Client, base string, token secureflows.Token) (*http.Response, error) {
	request, err := http.NewRequest(http.MethodGet, base+"/notes?limit=5", http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header = http.Header{"Authorization": {"Bearer " + token.Reveal()}}
	return client.Do(request)
}

func subprotocols(token secureflows.Token) []string {
	return []string{"notes.v1", "bearer." + token.Reveal()}
}

func inCaption(token secureflows.Token, help string) bool {
	return strings.HasPrefix(help+"?key="+help, token.Reveal())
}
