package config

import (
	"fmt"
	"os"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// Load makes the configuration: the defaults of the profile, over them the
// file (none where its name is empty), over it what the flags and the
// environment say. The error names the key that is wrong and never its value.
func Load(file string, flags *Flags) (Server, error) {
	var doc document
	if file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return Server{}, fmt.Errorf("read the configuration: %w", err)
		}
		if doc, err = parseDocument(file, content); err != nil {
			return Server{}, err
		}
	}
	return load(doc, flags)
}

func load(doc document, flags *Flags) (Server, error) {
	// The profile decides the defaults, so it is settled first.
	server := Default(ProfileOwn)
	if err := layer(&server, doc, flags); err != nil {
		return Server{}, err
	}
	if err := oneOf("profile", server.Profile, ProfileOwn, ProfileHosted); err != nil {
		return Server{}, err
	}
	server = Default(server.Profile)
	if err := layer(&server, doc, flags); err != nil {
		return Server{}, err
	}
	if err := server.gatherApplications(doc); err != nil {
		return Server{}, err
	}
	return server, server.validate()
}

func layer(server *Server, doc document, flags *Flags) error {
	if err := doc.section(doc.root, reflect.ValueOf(server).Elem(), ""); err != nil {
		return err
	}
	return flags.apply(server)
}

// gatherApplications fills Applications from the list or from the one
// application of the top level. Giving neither leaves it empty.
func (s *Server) gatherApplications(doc document) error {
	list := child(doc.root, "applications")
	if list != nil && !isNull(list) {
		if list.Kind != yaml.SequenceNode {
			return doc.errorAt(list, "applications", "should be a list")
		}
		for i, item := range list.Content {
			app := s.NewApplication()
			if err := doc.section(resolve(item), reflect.ValueOf(&app).Elem(), fmt.Sprintf("applications[%d]", i)); err != nil {
				return err
			}
			s.Applications = append(s.Applications, app)
		}
	}
	switch {
	case s.SDKAppID == 0 && len(s.Keys) == 0:
		return nil
	case len(s.Applications) > 0:
		return fmt.Errorf("give either sdkappid and key or the list applications, not both")
	case s.SDKAppID == 0:
		return fmt.Errorf("key is given without sdkappid")
	case len(s.Keys) == 0:
		return fmt.Errorf("sdkappid is given without key")
	}
	app := s.NewApplication()
	app.SDKAppID, app.Keys, app.Admins = s.SDKAppID, s.Keys, s.Admins
	s.Applications = []Application{app}
	return nil
}

// oneOf checks a key that has a closed list of values.
func oneOf(path, value string, allowed ...string) error {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return fmt.Errorf("%s should be one of %s", path, strings.Join(allowed, ", "))
}
