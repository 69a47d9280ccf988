import io.github.doocs.im.ImClient;
import io.github.doocs.im.constant.GroupType;
import io.github.doocs.im.constant.MemberRole;
import io.github.doocs.im.model.group.MemberProfile;
import io.github.doocs.im.model.message.TIMMsgElement;
import io.github.doocs.im.model.message.TIMTextMsgElement;
import io.github.doocs.im.model.request.CreateGroupRequest;
import io.github.doocs.im.model.request.GroupMsgGetSimpleRequest;
import io.github.doocs.im.model.request.MultiAccountImportRequest;
import io.github.doocs.im.model.request.SendGroupMsgRequest;
import io.github.doocs.im.model.response.RspMsgItem;
import java.util.List;

/** The application that calls: its administrator, its people, and what every step needs. */
final class App {
    static final String OWNER = "ada";
    static final String ADMIN = "ben";
    static final String MEMBER = "cleo";
    static final String OTHER = "dan";
    static final List<String> PEOPLE = List.of(OWNER, ADMIN, MEMBER, OTHER);

    /** Never imported. */
    static final String STRANGER = "nobody";

    /** Never created. */
    static final String NOWHERE = "nowhere";

    static final long FOR_EVER = 4294967295L;

    private static final String ADDRESS = System.getenv("RECANT_ADDRESS");
    private static final long SDK_APP_ID = Long.parseLong(System.getenv("RECANT_SDKAPPID"));
    private static final String KEY = System.getenv("RECANT_KEY");

    /** The administrator's client. */
    static final ImClient sdk = client("administrator", KEY);

    private static long random;

    private App() {
    }

    static ImClient client(String identifier, String key) {
        return ImClient.getInstance(SDK_APP_ID, identifier, key, ADDRESS);
    }

    /** Returns the administrator's client of the application that shows tips in another way. */
    static ImClient showingTipsAs(TipStyle style) {
        return ImClient.getInstance(SDK_APP_ID + style.ordinal(), "administrator", KEY, ADDRESS);
    }

    /** The ways to show a tip in history, in the order of the test server's applications. */
    enum TipStyle { OBJECT, ARRAY, CUSTOM, PLACEHOLDER }

    static void importPeople(ImClient into) throws Exception {
        Sdk.equal(List.of(), Sdk.ok(into.account::multiAccountImport, new MultiAccountImportRequest(PEOPLE)).getFailAccounts(),
                "accounts that were not imported");
    }

    /** Creates a group with an owner, an administrator where the type has them, and two members. */
    static String group(String type, String id) throws Exception {
        return group(sdk, type, id);
    }

    static String group(ImClient in, String type, String id) throws Exception {
        CreateGroupRequest request = CreateGroupRequest.builder().groupId(id).type(type).name("The " + type).ownerAccount(OWNER).build();
        if (!type.equals(GroupType.AV_CHAT_ROOM)) {
            String role = type.equals(GroupType.PRIVATE) ? null : MemberRole.ADMIN;
            request.setMemberList(List.of(
                    MemberProfile.builder().memberAccount(ADMIN).role(role).build(),
                    MemberProfile.builder().memberAccount(MEMBER).build(),
                    MemberProfile.builder().memberAccount(OTHER).build()));
        }
        if (type.equals(GroupType.COMMUNITY)) {
            request.setSupportTopic(1);
        }
        Sdk.equal(id, Sdk.ok(in.group::createGroup, request).getGroupId(), "the id of the new group");
        return id;
    }

    static List<TIMMsgElement> text(String says) {
        return List.of(new TIMTextMsgElement(says));
    }

    static String text(RspMsgItem row) {
        return row.getMsgBody().stream().map(element -> ((TIMTextMsgElement) element).getMsgContent().getText()).reduce("", String::concat);
    }

    static SendGroupMsgRequest message(String group, String from, String says) {
        return SendGroupMsgRequest.builder().groupId(group).fromAccount(from).random(++random).msgBody(text(says)).build();
    }

    /** Sends messages in one name, and returns the number of the last. */
    static long send(String group, String from, String... says) throws Exception {
        for (String one : says) {
            Sdk.ok(sdk.group::sendGroupMsg, message(group, from, one));
        }
        return history(group, 0).get(0).getMsgSeq();
    }

    /** Returns the newest messages of a group, newest first. */
    static List<RspMsgItem> history(String group, int withRecalled) throws Exception {
        return Sdk.ok(sdk.group::groupMsgGetSimple, GroupMsgGetSimpleRequest.builder()
                .groupId(group).reqMsgNumber(20).withRecalledMsg(withRecalled).build()).getRspMsgList();
    }

    /** Returns what the newest messages say, newest first. */
    static List<String> texts(String group) throws Exception {
        return history(group, 0).stream().map(App::text).toList();
    }
}
