package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"

	"github.com/recant-chat/recant/internal/config"
)

// firstApplicationFile is the file of the data directory that holds the
// application of a server that was started without any. It is a configuration
// file, so that a real one can begin with it.
const firstApplicationFile = "application.yaml"

// firstApplication returns the data directory's application, and makes it where
// there is none yet. The directory must exist and be held by this process.
func firstApplication(server config.Server) (config.Application, error) {
	app, found, err := readFirstApplication(server)
	if err != nil || found {
		return app, err
	}
	if server.ReadOnly {
		return app, fmt.Errorf("no application: %s has none yet, and with --read-only none is made", server.Data)
	}
	id, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return app, fmt.Errorf("choose an SDKAppID: %w", err)
	}
	key := make([]byte, 32)
	rand.Read(key) // never fails
	// The ids of the hosted service look like this.
	sdkAppID := 1_400_000_000 + uint32(id.Int64())
	content := fmt.Sprintf(`# Made by the first run of recant serve. The key signs for everyone: keep it.
sdkappid: %d
key: %s
admin: %s
`, sdkAppID, hex.EncodeToString(key), config.DefaultAdmin)
	if err := writeFile(filepath.Join(server.Data, firstApplicationFile), []byte(content), 0o600); err != nil {
		return app, fmt.Errorf("keep the application: %w", err)
	}
	app, _, err = readFirstApplication(server)
	return app, err
}

// readFirstApplication returns the data directory's application, if it has one,
// with what the configuration says for every application.
func readFirstApplication(server config.Server) (app config.Application, found bool, err error) {
	file := filepath.Join(server.Data, firstApplicationFile)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return app, false, nil
	}
	kept, err := config.Load(file, config.NoFlags())
	if err != nil {
		return app, false, err
	}
	own, ok := kept.Application(0)
	if !ok {
		return app, false, fmt.Errorf("%s should have sdkappid and key", file)
	}
	app = server.NewApplication()
	app.SDKAppID, app.Keys, app.Admins = own.SDKAppID, own.Keys, own.Admins
	if given := server.Admins; !slices.Equal(given, []string{config.DefaultAdmin}) {
		app.Admins = given
	}
	return app, true, nil
}

// copyFirstApplication gives a copy of a data directory its application, if it has
// one. It replaces no other.
func copyFirstApplication(from, to string) error {
	content, err := os.ReadFile(filepath.Join(from, firstApplicationFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	file := filepath.Join(to, firstApplicationFile)
	other, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return writeFile(file, content, 0o600)
	case err == nil && !bytes.Equal(content, other):
		return fmt.Errorf("%s has another application than %s: move it away and run the command again", file, from)
	}
	return err
}

// writeFile replaces a file whole or not at all, durably: after a crash it has
// the old content or the new.
func writeFile(name string, content []byte, mode fs.FileMode) error {
	dir := filepath.Dir(name)
	temporary, err := os.CreateTemp(dir, filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // gone already once renamed
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Chmod(mode), temporary.Sync(), temporary.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), name); err != nil {
		return err
	}
	parent, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(parent.Sync(), parent.Close())
}
