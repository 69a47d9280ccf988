package config

import (
	"fmt"
	"reflect"
	"strings"
)

//go:generate go test -run TestDocumentsAreCurrent . -update

// exampleWidth is the column at which comments of the example wrap.
const exampleWidth = 80

const exampleHead = `# Recant's configuration: every key, with its default.
#
#   recant serve --config recant.yaml
#
# A key is looked for on the command line, in the environment, in this file and
# in the defaults, in this order; see docs/configuration.md. Keep the file
# readable for the server alone once it holds keys.

`

// Example is the commented file that has every key at its default. Lines that
// begin with "#" and no space are settings: without that "#" they configure an
// application of the list.
func Example() string {
	var b strings.Builder
	b.WriteString(exampleHead)
	server := Default(ProfileOwn)
	writeSection(&b, reflect.ValueOf(server), "")

	app := server.NewApplication()
	app.SDKAppID = 1400000001
	var list strings.Builder
	writeSection(&list, reflect.ValueOf(app), "    ")
	item := strings.Replace(list.String(), "sdkappid: 1400000001", "sdkappid: 1400000001 # required", 1)
	item = strings.Replace(item, "keys: []", "keys: [the-application-s-secret-key] # required", 1)

	writeComment(&b, "", reflectDesc(reflect.TypeFor[Server](), "applications"))
	b.WriteString("#applications:\n#  -\n")
	for line := range strings.Lines(item) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		b.WriteString("#" + line)
	}
	return b.String()
}

// writeSection writes the keys of one struct of the schema.
func writeSection(b *strings.Builder, v reflect.Value, indent string) {
	for _, k := range keysOf(v.Type()) {
		if k.list() {
			continue
		}
		writeComment(b, indent, k.desc)
		if k.section() {
			b.WriteString(indent + k.name + ":\n")
			writeSection(b, v.FieldByIndex(k.at), indent+"  ")
			continue
		}
		b.WriteString(indent + k.name + ": " + formatValue(v.FieldByIndex(k.at)) + "\n")
		if indent == "" {
			b.WriteString("\n")
		}
	}
}

// writeComment writes text as comment lines.
func writeComment(b *strings.Builder, indent, text string) {
	line := indent + "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > exampleWidth {
			b.WriteString(line + "\n")
			line = indent + "#"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

func reflectDesc(t reflect.Type, name string) string {
	for _, k := range keysOf(t) {
		if k.name == name {
			return k.desc
		}
	}
	return ""
}

const referenceHead = `# Configuration

Recant runs without any: ` + "`recant serve`" + ` makes an application with a random key,
keeps it in the data directory and prints what to call. Everything below is for
the day after.

A key is looked for in four places; the first that has it wins:

1. the command line: ` + "`--calls-per-second 500`" + `
2. the environment: ` + "`RECANT_CALLS_PER_SECOND=500`" + `
3. the file that ` + "`--config`" + ` (or ` + "`RECANT_CONFIG`" + `) names: ` + "`calls_per_second: 500`" + `
4. the default

All four are one schema. In the environment and on the command line, lists are
separated by commas (` + "`--admin alice,bob`" + `) and the entries of a map are
` + "`name=value`" + ` (` + "`--command-limits send_group_msg=500`" + `); flags of lists may also be
repeated. An unknown key in the file, and a value that cannot be, end the start
with a message that names the key.

[recant.example.yaml](../recant.example.yaml) is a file with every key at its
default and commented.

## One application

    RECANT_KEY=... recant serve --sdkappid 1400000001

The key is better given in the environment or in the file than as a flag, which
every user of the machine can read in the list of processes. It is never logged.

## Several applications

    applications:
      - sdkappid: 1400000001
        keys: [new-key, old-key]
        admins: [administrator, moderator]
      - sdkappid: 1400000002
        keys: [another-key]
        calls_per_second: 0
        settings:
          history_retention_days: 30

Applications share nothing but the process and the data directory. What one does
not say it takes from the top level of the file (and so from flags and the
environment), key by key; lists are taken as a whole.

To rotate a key, put the new one first and keep the old one until the UserSigs
signed with it have expired.

## Profiles

` + "`profile: hosted`" + ` starts from the settings that the hosted service has by default,
` + "`own`" + ` from Recant's, which lose nothing: the columns "own" and "hosted" below.
Whatever is given wins over the profile.

## TLS

With ` + "`tls_cert`" + ` and ` + "`tls_key`" + ` the server speaks HTTPS only, TLS 1.2 or newer. Both
files are looked at with every handshake and read again when they have changed,
so a renewed certificate needs no restart; a pair that does not fit is logged and
the one before stays in use.

`

// Reference is the page that lists every key.
func Reference() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	own, hosted := Default(ProfileOwn), Default(ProfileHosted)

	b.WriteString("## Server\n\n| key | default | meaning |\n| --- | --- | --- |\n")
	policy := map[string]bool{}
	for _, k := range keysOf(reflect.TypeFor[Policy]()) {
		policy[k.name] = true
	}
	v := reflect.ValueOf(own)
	for _, k := range keysOf(v.Type()) {
		if !policy[k.name] && !k.list() {
			writeRow(&b, k.name, k.desc, code(v.FieldByIndex(k.at)))
		}
	}

	b.WriteString("\n## Applications\n\nKeys of an entry of `applications`.\n\n| key | default | meaning |\n| --- | --- | --- |\n")
	app := own.NewApplication()
	v = reflect.ValueOf(app)
	for _, k := range keysOf(v.Type()) {
		if !policy[k.name] {
			writeRow(&b, k.name, k.desc, code(v.FieldByIndex(k.at)))
		}
	}

	b.WriteString("\n## Both\n\nKeys of the top level, for every application, and of an entry of\n`applications`, for that one.\n\n| key | default | meaning |\n| --- | --- | --- |\n")
	v = reflect.ValueOf(own.Policy)
	for _, k := range keysOf(v.Type()) {
		if !k.section() {
			writeRow(&b, k.name, k.desc, code(v.FieldByIndex(k.at)))
		}
	}

	b.WriteString("\n## Settings\n\nKeys under `settings`, at the top level or of an application. Each is also a flag\n(`--settings-max-topics`) and a variable (`RECANT_SETTINGS_MAX_TOPICS`).\n")
	writeProfiles(&b, reflect.ValueOf(own.Settings), reflect.ValueOf(hosted.Settings))

	b.WriteString("\n## Webhooks\n\nKeys under `webhook`, at the top level or of an application, and as flags and variables\n(`RECANT_WEBHOOK_URL`) too. [Webhooks](webhooks.md) says what they are. The token is better not given as a\nflag, which every user of the machine can read.\n")
	writeProfiles(&b, reflect.ValueOf(own.Webhook), reflect.ValueOf(hosted.Webhook))
	return b.String()
}

// writeProfiles writes a table of keys with their defaults in both profiles.
func writeProfiles(b *strings.Builder, own, hosted reflect.Value) {
	b.WriteString("\n| key | own | hosted | meaning |\n| --- | --- | --- | --- |\n")
	for _, k := range keysOf(own.Type()) {
		writeRow(b, k.name, k.desc, code(own.FieldByIndex(k.at)), code(hosted.FieldByIndex(k.at)))
	}
}

func writeRow(b *strings.Builder, name, desc string, values ...string) {
	fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, strings.Join(values, " | "), strings.ReplaceAll(desc, "|", "\\|"))
}

func code(v reflect.Value) string { return "`" + formatValue(v) + "`" }
