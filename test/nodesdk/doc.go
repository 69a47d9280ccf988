// Package nodesdk holds no program, only a test: it drives a server over TLS
// with an SDK for the protocol that others wrote for the hosted service, and
// with the vendor's own signer. The SDK's files are used as they come from the
// registry of npm packages; scenario.mjs is what it does, and server.mjs how its
// calls reach the test's server instead of the vendor's host.
package nodesdk
