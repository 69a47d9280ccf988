import io.github.doocs.im.ImClient;
import io.github.doocs.im.model.response.GenericResult;
import java.io.IOException;
import java.io.Serializable;
import java.lang.invoke.MethodType;
import java.lang.invoke.SerializedLambda;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

/**
 * The SDK as an application uses it, and which of its methods were driven with what outcome.
 * The SDK has every method twice, with and without a number that becomes the URL's random.
 * What succeeds is called without, what is refused with it, so that a method that has a good and
 * a bad case is driven in both forms.
 */
final class Sdk {
    /** A method of the SDK. Serializable, since that is what makes a method reference tell its name. */
    interface Call<Q, R> extends Serializable {
        R make(Q request) throws IOException;
    }

    /** The same with the URL's random. */
    interface CallWithRandom<Q, R> extends Serializable {
        R make(Q request, long random) throws IOException;
    }

    /** A part of what is driven. Steps need nothing of each other but the accounts and the groups called "every-". */
    interface Step {
        void run() throws Exception;
    }

    private static final Map<String, String> OUTCOMES = new LinkedHashMap<>();
    private static String last;
    private static long random = 1L << 32;

    private Sdk() {
    }

    /** Makes a call that succeeds. */
    static <Q, R extends GenericResult> R ok(Call<Q, R> call, Q request) throws Exception {
        R answer = made(call, () -> call.make(request));
        equal(0, answer.getErrorCode(), "the code of " + answer);
        equal("OK", answer.getActionStatus(), "the status");
        equal("", answer.getErrorInfo(), "the error text");
        return answer;
    }

    /** Makes a call that is answered with a code. */
    static <Q, R extends GenericResult> R refused(int code, CallWithRandom<Q, R> call, Q request) throws Exception {
        R answer = made(call, () -> call.make(request, --random));
        equal(code, answer.getErrorCode(), "the code of " + answer);
        equal("FAIL", answer.getActionStatus(), "the status");
        check(!answer.getErrorInfo().isEmpty(), "an error says what is wrong");
        return answer;
    }

    /** Makes a call whose answer the SDK cannot read, and returns what it throws. */
    static <Q, R> IOException unreadable(Call<Q, R> call, Q request) throws Exception {
        last = name(method(call));
        try {
            R answer = call.make(request);
            throw new AssertionError("the SDK reads the answer: " + answer);
        } catch (IOException unreadable) {
            return unreadable;
        }
    }

    private static <R extends GenericResult> R made(Serializable call, Callable<R> make) throws Exception {
        last = name(method(call));
        R answer = make.call();
        OUTCOMES.putIfAbsent(last, "ok");
        return answer;
    }

    /** Runs a step. What goes wrong in it is put down to the method that was called last. */
    static void step(String name, Step step) {
        last = name;
        long began = System.nanoTime();
        try {
            step.run();
        } catch (Exception | AssertionError wrong) {
            wrong.printStackTrace();
            OUTCOMES.put(last, "FAIL\tin step " + name + ": " + wrong.toString().replaceAll("\\s+", " "));
        }
        System.out.println(name + " (" + (System.nanoTime() - began) / 1_000_000 + " ms)");
    }

    /**
     * Prints a line for every public method of every part of the SDK's client: its outcome, and why.
     * A method that nothing called is idle.
     */
    static void report() {
        for (Field part : ImClient.class.getFields()) {
            if (Modifier.isStatic(part.getModifiers())) {
                continue;
            }
            for (Method method : part.getType().getDeclaredMethods()) {
                if (Modifier.isPublic(method.getModifiers())) {
                    OUTCOMES.putIfAbsent(name(method), "idle");
                }
            }
        }
        OUTCOMES.forEach((method, outcome) -> {
            String[] parts = outcome.split("\t", 2);
            System.out.println("method\t" + parts[0] + "\t" + method + "\t" + (parts.length > 1 ? parts[1] : ""));
        });
    }

    /** Returns the method that a method reference refers to. */
    private static Method method(Serializable reference) throws ReflectiveOperationException {
        Method replace = reference.getClass().getDeclaredMethod("writeReplace");
        replace.setAccessible(true);
        SerializedLambda lambda = (SerializedLambda) replace.invoke(reference);
        ClassLoader loader = Sdk.class.getClassLoader();
        return Class.forName(lambda.getImplClass().replace('/', '.'), false, loader).getMethod(lambda.getImplMethodName(),
                MethodType.fromMethodDescriptorString(lambda.getImplMethodSignature(), loader).parameterArray());
    }

    /** Names a method as "group.createGroup(CreateGroupRequest)". */
    private static String name(Method method) {
        String part = method.getDeclaringClass().getSimpleName();
        return part.substring(0, 1).toLowerCase() + part.substring(1) + "." + method.getName()
                + Arrays.stream(method.getParameterTypes()).map(Class::getSimpleName).collect(Collectors.joining(", ", "(", ")"));
    }

    static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    /** Compares values; whole numbers by what they count, whichever of its types the SDK has for them. */
    static void equal(Object want, Object got, String what) {
        check(Objects.equals(plain(want), plain(got)), what + ": " + got + " instead of " + want);
    }

    private static Object plain(Object value) {
        if (value instanceof List<?> list) {
            return list.stream().map(Sdk::plain).collect(Collectors.toList());
        }
        return value instanceof Integer number ? Long.valueOf(number) : value;
    }
}
