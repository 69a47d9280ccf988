package chat

import "strconv"

// What the requests of many nouns have in common: lists, pages and cursors.

// checkListLength checks the length of a list.
// Errors: CodeInvalid.
func checkListLength(field string, n, most int) error {
	if n == 0 || n > most {
		return Refuse(CodeInvalid, "%s has %d items, must be 1 to %d", field, n, most)
	}
	return nil
}

// checkAccountList checks how many accounts a list names.
// Errors: CodeInvalid, CodeTooManyAccounts.
func checkAccountList(field string, accounts []string, most int) error {
	if len(accounts) == 0 {
		return Refuse(CodeInvalid, "%s is missing or empty", field)
	}
	if len(accounts) > most {
		return Refuse(CodeTooManyAccounts, "%s has %d entries, at most %d", field, len(accounts), most)
	}
	return nil
}

// pageSize is how many a page with a Limit has, most where it is 0.
// Errors: CodeInvalid.
func pageSize(limit int64, most int) (int, error) {
	if limit < 0 || limit > int64(most) {
		return 0, Refuse(CodeInvalid, "Limit is %d, must be 1 to %d", limit, most)
	}
	if limit == 0 {
		return most, nil
	}
	return int(limit), nil
}

// parseNext reads a cursor that is a number from 1 to below end.
// Errors: CodeInvalid for one that no page has said.
func parseNext(next string, end uint64) (uint64, error) {
	from, err := strconv.ParseUint(next, 10, 64)
	if err != nil || from == 0 || from >= end || strconv.FormatUint(from, 10) != next {
		return 0, Refuse(CodeInvalid, "Next must be \"\" or what an earlier answer said")
	}
	return from, nil
}
