import io.github.doocs.im.ImClient;
import io.github.doocs.im.constant.*;
import io.github.doocs.im.model.group.*;
import io.github.doocs.im.model.message.*;
import io.github.doocs.im.model.request.*;
import io.github.doocs.im.model.response.*;
import java.util.*;

/** The conversations in a user's list, as far as they are groups. */
final class Conversations {
    private Conversations() {
    }

    static void listsAndDeletes() throws Exception {
        String user = "conversing";
        Sdk.ok(App.sdk.account::accountImport, new AccountImportRequest(user));
        List<String> groups = List.of("talked-in-1", "talked-in-2");
        for (String group : groups) {
            Sdk.ok(App.sdk.group::createGroup, CreateGroupRequest.builder().type(GroupType.PUBLIC).name("Talk").groupId(group)
                    .ownerAccount(user).build());
            App.send(group, user, "hello");
        }
        GetRecentContactListResult list = conversations(user);
        Sdk.equal(List.of(1, "", 2), List.of(list.getCompleteFlag(), list.getErrorDisplay(), list.getSessionItem().size()), "the list");
        for (RecentContactSessionItem one : list.getSessionItem()) {
            Sdk.check(groups.contains(one.getGroupId()) && one.getMsgTime() > 0, "a conversation in " + one.getGroupId());
            Sdk.equal(List.of(RecentContactType.G2C, 0), List.of(one.getType(), one.getTopFlag()), "what it is");
        }
        Sdk.equal("", Sdk.ok(App.sdk.recentContact::deleteRecentContact,
                new DeleteRecentContactRequest(user, RecentContactType.G2C, null, groups.get(0), ClearRamble.NO)).getErrorDisplay(),
                "the text for people");
        Sdk.equal(List.of(groups.get(1)), conversations(user).getSessionItem().stream().map(RecentContactSessionItem::getGroupId).toList(),
                "after deleting one");
        Sdk.equal(List.of("hello"), App.texts(groups.get(0)), "what was said there");
        App.send(groups.get(0), user, "back again");
        Sdk.equal(2, conversations(user).getSessionItem().size(), "conversations after a new message");
        Sdk.refused(50001, App.sdk.recentContact::recentContactList, new GetRecentContactListRequest(App.STRANGER, 0, 0, 0, 0, 7));
        Sdk.refused(50001, App.sdk.recentContact::deleteRecentContact, new DeleteRecentContactRequest(App.STRANGER, RecentContactType.G2C,
                null, groups.get(0), ClearRamble.NO));
    }

    private static GetRecentContactListResult conversations(String user) throws Exception {
        return Sdk.ok(App.sdk.recentContact::recentContactList, new GetRecentContactListRequest(user, 0, 0, 0, 0, 7));
    }
}
