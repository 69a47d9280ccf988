// Package javasdk holds no program, only a test: it drives every method of an
// SDK for the protocol, which others wrote for the hosted service, as far as it
// concerns groups and accounts, and compares what the SDK's own types then hold.
// The SDK comes as it is from the repository of Maven packages; Main.java lists
// the steps. docs/java-sdk.md says what does not pass and what is not driven.
package javasdk
