import io.github.doocs.im.ImClient;
import io.github.doocs.im.constant.*;
import io.github.doocs.im.model.group.*;
import io.github.doocs.im.model.message.*;
import io.github.doocs.im.model.request.*;
import io.github.doocs.im.model.response.*;
import java.util.*;

/** Accounts, their state and profiles, and the mute that holds everywhere. */
final class Accounts {
    private Accounts() {
    }

    static void imports() throws Exception {
        App.importPeople(App.sdk);
        Sdk.ok(App.sdk.account::accountImport, new AccountImportRequest("eve", "Eve", "https://img.example.net/eve.png"));
        Sdk.refused(70402, App.sdk.account::accountImport, new AccountImportRequest());
        Sdk.refused(70402, App.sdk.account::multiAccountImport, new MultiAccountImportRequest(List.of()));
        String tooLong = "an-identifier-of-thirty-three-by.";
        Sdk.equal(List.of(tooLong), Sdk.ok(App.sdk.account::multiAccountImport,
                new MultiAccountImportRequest(List.of(App.OWNER, tooLong))).getFailAccounts(), "accounts that were not imported");
    }

    static void checksAndDeletes() throws Exception {
        Sdk.equal(List.of("eve 0 Imported", "nobody 0 NotImported"), statuses("eve", App.STRANGER), "what is imported");
        Sdk.refused(70402, App.sdk.account::accountCheck, new AccountCheckRequest(List.of()));

        List<AccountDeleteResultItem> deleted = Sdk.ok(App.sdk.account::accountDelete, new AccountDeleteRequest(
                List.of(new AccountDeleteItem("eve"), new AccountDeleteItem(App.STRANGER)))).getResultItems();
        Sdk.equal(List.of("eve 0 ", "nobody 70107 Err_TLS_PT_Open_Login_Account_Not_Exist"),
                deleted.stream().map(one -> one.getUserId() + " " + one.getResultCode() + " " + one.getResultInfo()).toList(),
                        "what is deleted");
        Sdk.equal(List.of("eve 0 NotImported"), statuses("eve"), "what is imported after deleting");
        Sdk.refused(70402, App.sdk.account::accountDelete, new AccountDeleteRequest(List.of()));
    }

    private static List<String> statuses(String... accounts) throws Exception {
        return Sdk.ok(App.sdk.account::accountCheck, new AccountCheckRequest(Arrays.stream(accounts).map(AccountCheckItem::new).toList()))
                .getResultItems().stream().map(one -> one.getUserId() + " " + one.getResultCode() + " " + one.getAccountStatus()).toList();
    }

    /** Only an administrator calls, and only with a signature of the application's key. */
    static void strangersAreRefused() throws Exception {
        ImClient person = App.client(App.OWNER, System.getenv("RECANT_KEY"));
        Sdk.refused(60010, person.account::accountCheck, new AccountCheckRequest(List.of(new AccountCheckItem(App.OWNER))));
        ImClient forger = App.client("administrator", "a key that is not the application's");
        Sdk.refused(70009, forger.account::accountCheck, new AccountCheckRequest(List.of(new AccountCheckItem(App.OWNER))));
    }

    /** What was signed before a kick is worth nothing after it. */
    static void kicks() throws Exception {
        ImClient signed = App.client(App.OTHER, System.getenv("RECANT_KEY"));
        AccountCheckRequest request = new AccountCheckRequest(List.of(new AccountCheckItem(App.OTHER)));
        Sdk.refused(60010, signed.account::accountCheck, request);
        Thread.sleep(1000); // a kick is told from a signature by whole seconds
        Sdk.ok(App.sdk.account::kick, new KickRequest(App.OTHER));
        Sdk.refused(70052, signed.account::accountCheck, request);
        Sdk.refused(60010, App.client(App.OTHER, System.getenv("RECANT_KEY")).account::accountCheck, request);
        Sdk.refused(70107, App.sdk.account::kick, new KickRequest(App.STRANGER));
    }

    /** Nobody is connected to this server. */
    static void onlineStatus() throws Exception {
        QueryOnlineStatusResult result = Sdk.ok(App.sdk.account::queryOnlineStatus,
                new QueryOnlineStatusRequest(IsNeedDetail.YES, List.of(App.OWNER, App.STRANGER)));
        Sdk.equal(List.of("ada Offline"), result.getQueryResult().stream().map(one -> one.getToAccount() + " " + one.getStatus()).toList(),
                "states");
        Sdk.equal(List.of("nobody 70107"), result.getErrorList().stream().map(one -> one.getToAccount() + " " + one.getErrorCode())
                .toList(), "failures");
        Sdk.refused(90001, App.sdk.account::queryOnlineStatus, new QueryOnlineStatusRequest(List.of()));
    }

    static void portraits() throws Exception {
        PortraitSetResult set = Sdk.ok(App.sdk.profile::portraitSet, new PortraitSetRequest(App.MEMBER, List.of(
                new ProfileItem(TagProfile.IM_NICK, "Cleo K."), new ProfileItem(TagProfile.IM_GENDER, GenderType.FEMALE),
                        new ProfileItem(TagProfile.IM_LEVEL, 3))));
        Sdk.equal("", set.getErrorDisplay(), "the text for people");
        Sdk.refused(40009, App.sdk.profile::portraitSet, new PortraitSetRequest(App.MEMBER,
                List.of(new ProfileItem("Tag_Profile_IM_Shoes", "44"))));

        PortraitGetResult got = Sdk.ok(App.sdk.profile::portraitGet, new PortraitGetRequest(List.of(App.MEMBER, App.STRANGER),
                List.of(TagProfile.IM_NICK, TagProfile.IM_GENDER, TagProfile.IM_LEVEL, TagProfile.IM_SELF_SIGNATURE)));
        Sdk.equal(List.of(App.STRANGER), got.getFailAccount(), "accounts without a profile");
        UserProfileItem cleo = got.getUserProfileItemList().get(0);
        Sdk.equal(List.of(App.MEMBER, 0), List.of(cleo.getToAccount(), cleo.getResultCode()), "whose profile");
        Map<String, Object> values = new HashMap<>();
        cleo.getProfileItemList().forEach(item -> values.put(item.getTag(), item.getValue()));
        Sdk.equal(Map.of(TagProfile.IM_NICK, "Cleo K.", TagProfile.IM_GENDER, GenderType.FEMALE, TagProfile.IM_LEVEL, 3), values,
                "the profile");
        UserProfileItem nobody = got.getUserProfileItemList().get(1);
        Sdk.equal(List.of(App.STRANGER, 40003), List.of(nobody.getToAccount(), nobody.getResultCode()), "whose profile is not there");
        Sdk.refused(40002, App.sdk.profile::portraitGet, new PortraitGetRequest(List.of(), List.of(TagProfile.IM_NICK)));
    }

    static void mutesEverywhere() throws Exception {
        String group = App.group(GroupType.PUBLIC, "muted-everywhere");
        Sdk.ok(App.sdk.operation::setNoSpeaking, new SetNoSpeakingRequest(App.OTHER, App.FOR_EVER, 600L));
        GetNoSpeakingResult muted = Sdk.ok(App.sdk.operation::getNoSpeaking, new GetNoSpeakingRequest(App.OTHER));
        Sdk.equal(App.FOR_EVER, muted.getC2cMsgNoSpeakingTime(), "the mute in conversations of two");
        long left = muted.getGroupMsgNoSpeakingTime();
        Sdk.check(left > 540 && left <= 600, "a mute of 600 seconds has " + left + " left");
        Sdk.refused(10017, App.sdk.group::sendGroupMsg, App.message(group, App.OTHER, "muted"));

        Sdk.ok(App.sdk.operation::setNoSpeaking, new SetNoSpeakingRequest(App.OTHER, null, 0L));
        muted = Sdk.ok(App.sdk.operation::getNoSpeaking, new GetNoSpeakingRequest(App.OTHER));
        Sdk.equal(List.of(App.FOR_EVER, 0L), List.of(muted.getC2cMsgNoSpeakingTime(), muted.getGroupMsgNoSpeakingTime()),
                "the mutes after lifting one");
        App.send(group, App.OTHER, "free again");
        Sdk.refused(130005, App.sdk.operation::setNoSpeaking, new SetNoSpeakingRequest(App.STRANGER, 1L, 1L));
        Sdk.refused(130007, App.sdk.operation::getNoSpeaking, new GetNoSpeakingRequest(App.STRANGER));
    }
}
