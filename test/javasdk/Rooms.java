import io.github.doocs.im.ImClient;
import io.github.doocs.im.constant.*;
import io.github.doocs.im.model.group.*;
import io.github.doocs.im.model.message.*;
import io.github.doocs.im.model.request.*;
import io.github.doocs.im.model.response.*;
import java.util.*;

/** Live rooms. Nobody is connected to this server, so that only marks put somebody into one. */
final class Rooms {
    /** The mark of a robot, which is in the room without coming in. */
    private static final int ROBOT = 500;

    private Rooms() {
    }

    static void countsWhoIsThere() throws Exception {
        String room = App.group(GroupType.AV_CHAT_ROOM, "counted");
        Sdk.equal(0, Sdk.ok(App.sdk.group::getOnlineMemberNum, new GetOnlineMemberNumRequest(room)).getOnlineMemberNum(), "who is there");
        Sdk.refused(10010, App.sdk.group::getOnlineMemberNum, new GetOnlineMemberNumRequest(App.NOWHERE));
    }

    static void listsWhoIsThere() throws Exception {
        String room = App.group(GroupType.AV_CHAT_ROOM, "regatta-live");
        GetMembersResult members = Sdk.ok(App.sdk.group::getMembers, new GetMembersRequest(room, 0));
        Sdk.equal(List.of(List.of(), 0), List.of(members.getMemberList(), members.getNextTimestamp()), "who is there");
        Sdk.refused(10007, App.sdk.group::getMembers, new GetMembersRequest("every-Public", 0));
    }

    static void marks() throws Exception {
        String room = App.group(GroupType.AV_CHAT_ROOM, "marked");
        ModifyGroupUserInfoResult marked = Sdk.ok(App.sdk.group::modifyGroupUserInfo,
                new ModifyGroupUserInfoRequest(room, 1, List.of(new GroupMemberItem(App.MEMBER, List.of(ROBOT)))));
        Sdk.equal(1, marked.getCommandType(), "the command");
        Sdk.equal(List.of(App.MEMBER), marked.getMemberList().stream().map(GroupMemberItem::getMemberAccount).toList(), "who was marked");
        Sdk.equal(List.of(ROBOT), marked.getMemberList().get(0).getMarks(), "the marks");
        Sdk.equal(List.of(App.MEMBER), Sdk.ok(App.sdk.group::getMembers, new GetMembersRequest(room, 0)).getMemberList().stream()
                .map(MemberListItem::getMemberAccount).toList(), "who is there");
        Sdk.refused(10004, App.sdk.group::modifyGroupUserInfo, new ModifyGroupUserInfoRequest(room, 3,
                List.of(new GroupMemberItem(App.MEMBER, List.of(ROBOT)))));
    }

    static void broadcasts() throws Exception {
        Sdk.check(Sdk.ok(App.sdk.group::sendBroadcastMsg, SendBroadcastMsgRequest.builder().fromAccount(App.OWNER).random(1L)
                .msgBody(App.text("to all rooms")).build()).getMsgSeq() > 0, "the number of a broadcast");
        Sdk.refused(10004, App.sdk.group::sendBroadcastMsg, new SendBroadcastMsgRequest(2L, List.of()));
    }
}
