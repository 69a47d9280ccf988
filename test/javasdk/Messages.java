import io.github.doocs.im.ImClient;
import io.github.doocs.im.constant.*;
import io.github.doocs.im.core.Group;
import io.github.doocs.im.model.group.*;
import io.github.doocs.im.model.message.*;
import io.github.doocs.im.model.request.*;
import io.github.doocs.im.model.response.*;
import java.util.*;

/** What is said in a group, and what is taken back of it. */
final class Messages {
    private Messages() {
    }

    /** Every kind of element that the SDK has arrives as it was sent. */
    static void sendsAndReads() throws Exception {
        String group = App.group(GroupType.PUBLIC, "said");
        SendGroupMsgRequest request = App.message(group, App.MEMBER, "the ferry is late");
        List<TIMMsgElement> body = new ArrayList<>(request.getMsgBody());
        body.add(new TIMFaceMsgElement(3, "wave"));
        body.add(new TIMCustomMsgElement("{\"pier\":4}", "a pier", "", "ring.aiff"));
        body.add(new TIMLocationMsgElement("pier 4", 51.9, 4.5));
        request.setMsgBody(body);
        request.setMsgPriority("High");
        request.setForbidCallbackControl(List.of(ForbidCallbackControl.BEFORE, ForbidCallbackControl.AFTER));
        request.setSendMsgControl(List.of(SendMsgControl.NO_UNREAD));
        request.setCloudCustomData("berth 4");
        request.setOfflinePushInfo(OfflinePushInfo.builder().title("Harbour").desc("a message").build());
        SendGroupMsgResult sent = Sdk.ok(App.sdk.group::sendGroupMsg, request);
        Sdk.equal(null, sent.getMsgDropReason(), "why it was dropped");
        // The SDK reads the number under a name that no page has, see docs/java-sdk.md.
        Sdk.equal(null, sent.getMsgSeq(), "the number that the SDK cannot read");
        Sdk.equal(1, Wider.read(Group.SERVICE_NAME, Group.SEND_GROUP_MSG_COMMAND, request, Wider.Sent.class).msgSeq, "the number");

        GroupMsgGetSimpleResult page = Sdk.ok(App.sdk.group::groupMsgGetSimple, new GroupMsgGetSimpleRequest(group, 20));
        Sdk.equal(List.of(group, 1, 1), List.of(page.getGroupId(), page.getIsFinished(), page.getRspMsgList().size()), "the page");
        RspMsgItem row = page.getRspMsgList().get(0);
        Sdk.equal(List.of(App.MEMBER, 0, 1, request.getRandom(), 1, sent.getMsgTime()),
                List.of(row.getFromAccount(), row.getIsPlaceMsg(), row.getMsgPriority(), row.getMsgRandom(), row.getMsgSeq(),
                        row.getMsgTimeStamp()), "the row");
        Sdk.equal("the ferry is late", ((TIMTextMsgElement) row.getMsgBody().get(0)).getMsgContent().getText(), "the text");
        TIMFaceMsgElement.FaceMsgContent face = ((TIMFaceMsgElement) row.getMsgBody().get(1)).getMsgContent();
        Sdk.equal(List.of(3, "wave"), List.of(face.getIndex(), face.getData()), "the face");
        TIMCustomMsgElement.CustomMsgContent custom = ((TIMCustomMsgElement) row.getMsgBody().get(2)).getMsgContent();
        Sdk.equal(List.of("{\"pier\":4}", "a pier", "ring.aiff"), List.of(custom.getData(), custom.getDesc(), custom.getSound()),
                "the custom element");
        Sdk.equal("pier 4", ((TIMLocationMsgElement) row.getMsgBody().get(3)).getMsgContent().getDesc(), "the place");

        Sdk.equal("berth 4", Wider.read(Group.SERVICE_NAME, Group.GROUP_MSG_GET_SIMPLE_COMMAND, new GroupMsgGetSimpleRequest(group, 20),
                Wider.Page.class).rows.get(0).cloudCustomData, "the data beside the body");

        GroupInfo info = Groups.info(group);
        Sdk.equal(List.of(2, sent.getMsgTime()), List.of(info.getNextMsgSeq(), info.getLastMsgTime()), "the group after a message");
        Sdk.equal(sent.getMsgTime(), Members.member(group, App.MEMBER).getLastSendMsgTime(), "when she last spoke");

        // The same random within five minutes is the same message.
        Sdk.equal(sent.getMsgTime(), Sdk.ok(App.sdk.group::sendGroupMsg, request).getMsgTime(), "the time of a repeated send");
        Sdk.equal(1, App.history(group, 0).size(), "messages after a repeated send");
        Sdk.refused(10010, App.sdk.group::sendGroupMsg, App.message(App.NOWHERE, App.MEMBER, "hello?"));
        Sdk.refused(10019, App.sdk.group::sendGroupMsg, App.message(group, App.STRANGER, "who?"));
        SendGroupMsgRequest targeted = App.message(group, App.MEMBER, "for nobody");
        targeted.setToAccount(App.STRANGER);
        Sdk.refused(10019, App.sdk.group::sendGroupMsg, targeted);
        Sdk.refused(10044, App.sdk.group::groupMsgGetSimple, new GroupMsgGetSimpleRequest("every-AVChatRoom", 20));
    }

    static void recallsOneSender() throws Exception {
        String group = App.group(GroupType.PUBLIC, "spammed");
        App.send(group, App.MEMBER, "one");
        App.send(group, App.OTHER, "buy now", "last chance");
        App.send(group, App.MEMBER, "two");
        for (int i = 0; i < 2; i++) {
            Sdk.ok(App.sdk.group::deleteGroupMsgBySender, new DeleteGroupMsgBySenderRequest(group, App.OTHER));
            Sdk.equal(List.of("two", "one"), App.texts(group), "what is left");
        }
        Sdk.equal(List.of("4 0 two", "3 2 last chance", "2 2 buy now", "1 0 one"), App.history(group, WithRecalledMsgType.YES).stream()
                .map(row -> row.getMsgSeq() + " " + row.getIsPlaceMsg() + " " + App.text(row)).toList(), "what was said");
        Sdk.refused(10010, App.sdk.group::deleteGroupMsgBySender, new DeleteGroupMsgBySenderRequest(App.NOWHERE, App.OTHER));
    }

    static void recallsByNumber() throws Exception {
        String group = App.group(GroupType.PUBLIC, "recalled");
        App.send(group, App.MEMBER, "one", "two", "three");
        List<RecallRetItem> recalled = Sdk.ok(App.sdk.group::groupMsgRecall,
                new GroupMsgRecallRequest(group, List.of(new MsgSeqItem(2L), new MsgSeqItem(99L)))).getRecallRetList();
        Sdk.equal(List.of("2 0", "99 10030"), recalled.stream().map(one -> one.getMsgSeq() + " " + one.getRetCode()).toList(),
                "what was recalled");
        Sdk.equal(List.of("three", "one"), App.texts(group), "what is left");
        Sdk.refused(10010, App.sdk.group::groupMsgRecall, new GroupMsgRecallRequest(App.NOWHERE, List.of(new MsgSeqItem(1L))));
    }

    /**
     * A tip's body is an object where the SDK has a list, and as an array its elements are of a kind that it
     * does not know: only as custom elements and as placeholders can it read a page with tips.
     */
    static void readsPagesWithTips() throws Exception {
        for (App.TipStyle style : App.TipStyle.values()) {
            ImClient sdk = App.showingTipsAs(style);
            App.importPeople(sdk);
            String group = App.group(sdk, GroupType.PUBLIC, "tipped");
            Sdk.ok(sdk.group::modifyGroupBaseInfo, ModifyGroupBaseInfoRequest.builder().groupId(group).notification("a tip").build());
            Sdk.ok(sdk.group::sendGroupMsg, App.message(group, App.MEMBER, "after the tip"));
            GroupMsgGetSimpleRequest request = new GroupMsgGetSimpleRequest(group, 20);
            if (style == App.TipStyle.OBJECT || style == App.TipStyle.ARRAY) {
                Sdk.check(Sdk.unreadable(sdk.group::groupMsgGetSimple, request).getMessage().contains("TIMMsgElement"),
                        "the body of a tip");
                continue;
            }
            List<RspMsgItem> rows = Sdk.ok(sdk.group::groupMsgGetSimple, request).getRspMsgList();
            Sdk.equal("after the tip", App.text(rows.get(0)), "the message after the tip");
            RspMsgItem tip = rows.get(1);
            if (style == App.TipStyle.PLACEHOLDER) {
                Sdk.equal(List.of(1L, 1, List.of()), List.of(tip.getMsgSeq(), tip.getIsPlaceMsg(), tip.getMsgBody()), "a tip's row");
                continue;
            }
            Sdk.equal(List.of("@TIM#SYSTEM", 1L, 0, 1), List.of(tip.getFromAccount(), tip.getMsgSeq(), tip.getIsPlaceMsg(),
                    tip.getIsSystemMsg()), "a tip's row");
            Sdk.equal("{\"OpType\":6,\"Operator_Account\":\"administrator\",\"MsgGroupNewInfo\":{\"GroupNotification\":\"a tip\"}}",
                    ((TIMCustomMsgElement) tip.getMsgBody().get(0)).getMsgContent().getData(), "the tip");
        }
    }

    /** Notifications reach who is connected, and leave nothing behind. */
    static void notifies() throws Exception {
        String group = App.group(GroupType.PUBLIC, "notified");
        Sdk.ok(App.sdk.group::sendGroupSystemNotification, new SendGroupSystemNotificationRequest(group, "pier 4 closes at noon"));
        Sdk.ok(App.sdk.group::sendGroupSystemNotification, SendGroupSystemNotificationRequest.builder().groupId(group).content("you too")
                .toMembersAccount(List.of(App.MEMBER)).build());
        Sdk.equal(1, Groups.info(group).getNextMsgSeq(), "the next number");
        Sdk.refused(10010, App.sdk.group::sendGroupSystemNotification, new SendGroupSystemNotificationRequest(App.NOWHERE, "hello?"));
    }

    static void modifies() throws Exception {
        String group = App.group(GroupType.PUBLIC, "corrected");
        long number = App.send(group, App.MEMBER, "the fery is late");
        Sdk.ok(App.sdk.group::modifyGroupMsg, ModifyGroupMsgRequest.builder().groupId(group).msgSeq(number)
                .msgBody(App.text("the ferry is late")).build());
        Sdk.equal(List.of("the ferry is late"), App.texts(group), "the corrected message");
        Sdk.refused(20022, App.sdk.group::modifyGroupMsg, ModifyGroupMsgRequest.builder().groupId(group).msgSeq(99L).msgBody(App.text("x"))
                .build());
    }

    static void receipts() throws Exception {
        String group = App.group(GroupType.PUBLIC, "receipts");
        Sdk.ok(App.sdk.group::sendGroupMsg, new Wider.MessageWithReceipt(group, App.MEMBER, 1, "have you seen this?"));
        long without = App.send(group, App.MEMBER, "never mind");
        List<GroupMsgReceiptResultItem> receipts = Sdk.ok(App.sdk.group::getGroupMsgReceipt,
                new GetGroupMsgReceiptRequest(group, List.of(new MsgSeqItem(without - 1), new MsgSeqItem(without))))
                        .getGroupMsgReceiptList();
        Sdk.equal(List.of(List.of(without - 1, 0, 0, 3), List.of(without, 10062, 0, 0)), receipts.stream()
                .map(one -> List.of(one.getMsgSeq(), one.getCode(), one.getReadNum(), one.getUnreadNum())).toList(), "the receipts");
        Sdk.refused(10010, App.sdk.group::getGroupMsgReceipt, new GetGroupMsgReceiptRequest(App.NOWHERE, List.of(new MsgSeqItem(1L))));

        GetGroupMsgReceiptDetailResult readers = Sdk.ok(App.sdk.group::getGroupMsgReceiptDetail,
                new GetGroupMsgReceiptDetailRequest(group, without - 1, 0, "", 100));
        Sdk.equal(List.of(without - 1, List.of(), "0", 1), List.of(readers.getMsgSeq(), readers.getReadList(), readers.getCursor(),
                readers.getIsFinished()), "who has read it");
        List<String> others = new ArrayList<>();
        GetGroupMsgReceiptDetailResult page;
        String cursor = "";
        do {
            page = Sdk.ok(App.sdk.group::getGroupMsgReceiptDetail, new GetGroupMsgReceiptDetailRequest(group, without - 1, 1, cursor, 1));
            page.getUnreadList().forEach(one -> others.add(one.getUnreadAccount()));
            cursor = page.getCursor();
        } while (page.getIsFinished() == 0);
        Sdk.equal(List.of("ada", "ben", "dan"), others, "who has not read it, page by page");
        Sdk.refused(10062, App.sdk.group::getGroupMsgReceiptDetail, new GetGroupMsgReceiptDetailRequest(group, without, 1, "", 100));

        SendGroupMsgRequest targeted = new Wider.MessageWithReceipt(group, App.MEMBER, 2, "only for you");
        targeted.setToAccount(App.OTHER);
        Sdk.ok(App.sdk.group::sendGroupMsg, targeted);
        Sdk.equal(List.of("dan"), Sdk.ok(App.sdk.group::getGroupMsgReceiptDetail,
                new GetGroupMsgReceiptDetailRequest(group, without + 1, 1, "", 100)).getUnreadList().stream()
                .map(UnreadAccountItem::getUnreadAccount).toList(), "for whom a message to one account is");
    }

    static void extensions() throws Exception {
        String group = App.group(GroupType.PUBLIC, "extended");
        SendGroupMsgRequest vote = App.message(group, App.MEMBER, "who comes along?");
        vote.setSupportMessageExtension(SupportMessageExtension.YES);
        Sdk.ok(App.sdk.group::sendGroupMsg, vote);
        // The SDK cannot read an answer with a pair: KeyValueSeq has no constructor for it. Other classes can.
        Sdk.check(Sdk.unreadable(App.sdk.group::groupSetKeyValues, new GroupSetKeyValuesRequest(group, 1L, OperateType.SET, List.of(
                KeyValueSeq.builder().key("ada").value("yes").seq(0L).build(), KeyValueSeq.builder().key("ben").value("no").seq(0L).build())))
                .getMessage().contains("KeyValueSeq"), "the pairs that were set");
        Sdk.check(Sdk.unreadable(App.sdk.group::groupGetKeyValues, new GroupGetKeyValuesRequest(group, 1L)).getMessage().contains("KeyValueSeq"),
                "the pairs that are there");
        Sdk.equal(List.of("ada=yes", "ben=no"), Wider.pairs(Group.GROUP_GET_KEY_VALUES_COMMAND, new GroupGetKeyValuesRequest(group, 1L)),
                "the pairs");
        Sdk.equal(List.of("0 ben="), Wider.pairs(Group.GROUP_SET_KEY_VALUES_COMMAND, new GroupSetKeyValuesRequest(group, 1L,
                OperateType.DELETE, List.of(KeyValueSeq.builder().key("ben").build()))), "the pair that was deleted");
        Sdk.equal(List.of(), Sdk.ok(App.sdk.group::groupSetKeyValues, new GroupSetKeyValuesRequest(group, 1L, OperateType.CLEAR))
                .getExtensionList(), "what was cleared");
        GroupGetKeyValuesResult got = Sdk.ok(App.sdk.group::groupGetKeyValues, new GroupGetKeyValuesRequest(group, 1L, 0L));
        Sdk.equal(List.of(List.of(), 1, 3, 3), List.of(got.getExtensionList(), got.getCompleteFlag(), got.getLatestSeq(), got.getClearSeq()),
                "what is left, and the counters");
        long plain = App.send(group, App.MEMBER, "no votes here");
        Sdk.refused(23002, App.sdk.group::groupSetKeyValues, new GroupSetKeyValuesRequest(group, plain, OperateType.SET,
                List.of(KeyValueSeq.builder().key("a").value("b").build())));
        Sdk.refused(23004, App.sdk.group::groupGetKeyValues, new GroupGetKeyValuesRequest(group, 99L));
    }
}
