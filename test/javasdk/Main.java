/** Drives every method of the SDK that concerns groups and accounts, step by step, and reports on each. */
final class Main {
    private Main() {
    }

    public static void main(String[] arguments) {
        Sdk.step("accounts are imported", Accounts::imports);
        Sdk.step("accounts are checked and deleted", Accounts::checksAndDeletes);
        Sdk.step("strangers are refused", Accounts::strangersAreRefused);
        Sdk.step("groups of every type are created", Groups::createsEveryType);
        Sdk.step("all groups are listed", Groups::listsAllGroups);
        Sdk.step("a group is read and changed", Groups::readsAndChanges);
        Sdk.step("groups are read with a filter", Groups::filters);
        Sdk.step("joined groups are listed", Groups::listsJoinedGroups);
        Sdk.step("the owner changes", Groups::changesTheOwner);
        Sdk.step("a group ends", Groups::destroys);
        Sdk.step("a group is imported", Groups::imports);
        Sdk.step("members come and go", Members::addsAndRemoves);
        Sdk.step("members are listed", Members::lists);
        Sdk.step("a member is changed", Members::changes);
        Sdk.step("members are muted", Members::mutes);
        Sdk.step("members are banned", Members::bans);
        Sdk.step("messages are sent and read", Messages::sendsAndReads);
        Sdk.step("a sender's messages are recalled", Messages::recallsOneSender);
        Sdk.step("messages are recalled by number", Messages::recallsByNumber);
        Sdk.step("pages with tips are read", Messages::readsPagesWithTips);
        Sdk.step("members are notified", Messages::notifies);
        Sdk.step("a message is modified", Messages::modifies);
        Sdk.step("receipts are read", Messages::receipts);
        Sdk.step("messages are extended", Messages::extensions);
        Sdk.step("topics are made and read", Topics::makesAndReads);
        Sdk.step("people talk in a topic", Topics::talksInOne);
        Sdk.step("a live room's people are counted", Rooms::countsWhoIsThere);
        Sdk.step("a live room's people are listed", Rooms::listsWhoIsThere);
        Sdk.step("a live room's people are marked", Rooms::marks);
        Sdk.step("a broadcast goes to live rooms", Rooms::broadcasts);
        Sdk.step("attributes are kept", Values::attributes);
        Sdk.step("counters are kept", Values::counters);
        Sdk.step("conversations are listed and deleted", Conversations::listsAndDeletes);
        Sdk.step("accounts are kicked", Accounts::kicks);
        Sdk.step("online states are queried", Accounts::onlineStatus);
        Sdk.step("profiles are kept", Accounts::portraits);
        Sdk.step("an account is muted everywhere", Accounts::mutesEverywhere);
        Sdk.report();
        System.exit(0); // the SDK's HTTP client keeps threads
    }
}
