package chat

import (
	"crypto/rand"
	"strings"
)

// Lengths of identifiers in bytes (spec 01 section 8).
const (
	maxUserIDBytes  = 32
	maxGroupIDBytes = 48
	maxTopicIDBytes = 96
	// maxPermissionGroupIDBytes is our choice, the documents say nothing.
	maxPermissionGroupIDBytes = 96
)

const (
	generatedPrefix          = "@TGS#"
	communityPrefix          = "@TGS#_"
	generatedCommunityPrefix = "@TGS#_@TGS#"
	topicMark                = "@TOPIC#_"
	generatedTopicMark       = "@TOPIC#_@TOPIC#"
	permissionPrefix         = "@PMG#_"
	generatedPermission      = "@PMG#_@PMG#"
)

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// ValidUserID reports whether a UserID has the right form: 1 to 32 bytes of
// printable ASCII, no blank at either end (spec 01 section 8.1).
func ValidUserID(id string) bool {
	return id != "" && len(id) <= maxUserIDBytes && printable(id) && strings.TrimSpace(id) == id
}

// CheckGroupID checks the form of the GroupId of an existing group.
// Errors: CodeBadGroupID.
func CheckGroupID(id string) error {
	switch {
	case id == "":
		return Refuse(CodeBadGroupID, "GroupId is empty")
	case len(id) > maxGroupIDBytes:
		return Refuse(CodeBadGroupID, "GroupId has %d bytes, at most %d", len(id), maxGroupIDBytes)
	case !printable(id):
		return Refuse(CodeBadGroupID, "GroupId holds characters outside printable ASCII")
	}
	return nil
}

// checkNewGroupID checks the form of a custom id of a new group.
// Errors: CodeInvalid.
func checkNewGroupID(id string, t GroupType) error {
	if CheckGroupID(id) != nil {
		return Refuse(CodeInvalid, "GroupId must be 1 to %d bytes of printable ASCII", maxGroupIDBytes)
	}
	if t == Community {
		if !strings.HasPrefix(id, communityPrefix) || strings.HasPrefix(id, generatedCommunityPrefix) || len(id) == len(communityPrefix) {
			return Refuse(CodeInvalid, "GroupId of a Community must begin with %q and not with %q", communityPrefix, generatedCommunityPrefix)
		}
		if strings.Contains(id, topicMark) {
			return Refuse(CodeInvalid, "GroupId of a Community must not contain %q", topicMark)
		}
		return nil
	}
	if strings.HasPrefix(id, generatedPrefix) {
		return Refuse(CodeInvalid, "GroupId must not begin with %q", generatedPrefix)
	}
	return nil
}

// checkTopicID checks the form of a TopicId of the community.
// Errors: CodeInvalid.
func checkTopicID(groupID, topicID string) error {
	part, ok := strings.CutPrefix(topicID, groupID+topicMark)
	switch {
	case !ok || part == "":
		return Refuse(CodeInvalid, "TopicId must be the GroupId, %q and a name", topicMark)
	case len(topicID) > maxTopicIDBytes:
		return Refuse(CodeInvalid, "TopicId has %d bytes, at most %d", len(topicID), maxTopicIDBytes)
	case !printable(topicID):
		return Refuse(CodeInvalid, "TopicId holds characters outside printable ASCII")
	}
	return nil
}

// checkNewTopicID checks the form of a custom id of a new topic.
// Errors: CodeInvalid.
func checkNewTopicID(groupID, topicID string) error {
	if err := checkTopicID(groupID, topicID); err != nil {
		return err
	}
	part := strings.TrimPrefix(topicID, groupID+topicMark)
	if strings.HasPrefix(part, "@TOPIC#") || strings.Contains(part, communityPrefix) {
		return Refuse(CodeInvalid, "TopicId's name must not begin with \"@TOPIC#\" nor contain %q", communityPrefix)
	}
	return nil
}

// checkNewPermissionGroupID checks the form of a custom id of a new permission
// group (spec 05 section 2.1).
// Errors: CodeInvalid.
func checkNewPermissionGroupID(id string) error {
	switch {
	case !strings.HasPrefix(id, permissionPrefix) || strings.HasPrefix(id, generatedPermission) || id == permissionPrefix:
		return Refuse(CodeInvalid, "PermissionGroupId must be %q and a name, and not begin with %q", permissionPrefix, generatedPermission)
	case len(id) > maxPermissionGroupIDBytes:
		return Refuse(CodeInvalid, "PermissionGroupId has %d bytes, at most %d", len(id), maxPermissionGroupIDBytes)
	case !printable(id):
		return Refuse(CodeInvalid, "PermissionGroupId holds characters outside printable ASCII")
	}
	return nil
}

// generateGroupID makes an id in the form that clients know the type by.
func generateGroupID(t GroupType) string {
	if t == Community {
		return generatedCommunityPrefix + rulesOf[t].marker + randomName(11)
	}
	return generatedPrefix + rulesOf[t].marker + randomName(12)
}

func generateTopicID(groupID string) string {
	return groupID + generatedTopicMark + "c" + randomName(11)
}

func generatePermissionGroupID() string { return generatedPermission + randomName(12) }

// randomName makes n characters of A-Z and 2-7.
func randomName(n int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	b := make([]byte, n)
	rand.Read(b)
	for i := range b {
		b[i] = alphabet[b[i]%32]
	}
	return string(b)
}
