package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/redis/rueidis"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/redis"
)

// sharing is what the replicas of this site have in common: sign-ins, and the news
// of those that end.
type sharing struct {
	keys       []middleware.EncryptionKey
	connection rueidis.Client
	replicas   *redis.Replicas
}

func share(address, keysFile string) (*sharing, error) {
	keys, err := encryptionKeys(keysFile)
	if err != nil {
		return nil, err
	}
	options, err := rueidis.ParseURL(address)
	if err != nil {
		return nil, errors.New("-redis must be a URL, such as redis://127.0.0.1:6379")
	}
	connection, err := rueidis.NewClient(options)
	if err != nil {
		return nil, fmt.Errorf("redis cannot be reached: %w", err)
	}
	replicas, err := redis.New(connection, redis.Config{EncryptionKeys: keys, Prefix: "notes:", Logger: slog.Default()})
	if err != nil {
		connection.Close()
		return nil, err
	}
	return &sharing{keys, connection, replicas}, nil
}

// use makes a Browser's sign-ins those of all replicas.
func (s *sharing) use(client *secureflows.Client, config *middleware.BrowserConfig) {
	config.Resolver = s.replicas.NewCache(client, middleware.CacheConfig{})
	config.Store = s.replicas.Store()
	config.EncryptionKeys = s.keys
}

func (s *sharing) close() {
	s.replicas.Close()
	s.connection.Close()
}

// encryptionKeys reads those of a file, one a line. Without a file it makes one up:
// that will do to look around, until the program ends.
func encryptionKeys(file string) ([]middleware.EncryptionKey, error) {
	if file == "" {
		key := make(middleware.EncryptionKey, 32)
		_, _ = rand.Read(key) // never fails
		return []middleware.EncryptionKey{key}, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var keys []middleware.EncryptionKey
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(string(line))
		if err != nil || len(key) != 32 {
			return nil, fmt.Errorf("-keys: a line of %s is not 32 bytes in base64, as openssl rand -base64 32 prints them", file)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("-keys: %s has no key: openssl rand -base64 32 makes one", file)
	}
	return keys, nil
}
