// Package crash holds no program, only a test: it kills a real server with
// SIGKILL while clients call it, over and over on one data directory, and
// looks after each restart whether everything that was acknowledged is still
// so. What a kill cannot show, the loss of writes that were never synced, is
// tested with file systems that forget them, in store/pebble.
package crash
