package io.graymesh.conformance;

import com.alibaba.csp.sentinel.Entry;
import com.alibaba.csp.sentinel.EntryType;
import com.alibaba.csp.sentinel.ResourceTypeConstants;
import com.alibaba.csp.sentinel.SphU;
import com.alibaba.csp.sentinel.Tracer;
import com.alibaba.csp.sentinel.adapter.gateway.common.param.GatewayParamParser;
import com.alibaba.csp.sentinel.adapter.gateway.common.param.RequestItemParser;
import com.alibaba.csp.sentinel.slots.block.BlockException;
import com.alibaba.csp.sentinel.util.TimeUtil;
import com.alibaba.fastjson.JSONArray;
import com.alibaba.fastjson.JSONObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Calls of a resource, as an adapter makes them. */
final class Calls {
    private static final long SECOND_MILLIS = 1000;
    private static final GatewayParamParser<String> NOTHING_TO_READ = new GatewayParamParser<>(new PlainRequest());

    private int passed;
    private final Map<String, Integer> blocked = new TreeMap<>();

    /**
     * Each burst's calls one after another, all at the start of a second that follows a quiet one, since counting goes by
     * such seconds. Seconds are those of Sentinel's own clock, which lags where its thread has to wait for a processor;
     * the time that is told begins with that second.
     */
    static Map<String, Object> bursts(JSONArray bursts, boolean gateway) throws InterruptedException {
        inTurn(bursts, gateway); // the first calls of a resource are slow
        long second = (TimeUtil.currentTimeMillis() / SECOND_MILLIS + 2) * SECOND_MILLIS;
        while (TimeUtil.currentTimeMillis() < second) {
            Thread.sleep(1);
        }
        List<Map<String, Object>> counts = inTurn(bursts, gateway);
        return Map.of("bursts", counts, "millis", TimeUtil.currentTimeMillis() - second);
    }

    private static List<Map<String, Object>> inTurn(JSONArray bursts, boolean gateway) {
        List<Map<String, Object>> counts = new ArrayList<>();
        for (int index = 0; index < bursts.size(); index++) {
            JSONObject burst = bursts.getJSONObject(index);
            Calls calls = new Calls();
            calls.inTurn(burst.getString("resource"), burst.getIntValue("count"), gateway);
            counts.add(calls.counts());
        }
        return counts;
    }

    /** All at the same time, each of that length; `fail` ends each with an exception. */
    static Map<String, Object> together(String resource, int count, long millis, boolean fail)
            throws InterruptedException {
        long start = System.currentTimeMillis();
        Calls calls = new Calls();
        CountDownLatch started = new CountDownLatch(count);
        ExecutorService threads = Executors.newFixedThreadPool(count);
        for (int number = 0; number < count; number++) {
            threads.execute(() -> calls.one(resource, millis, fail, started));
        }
        threads.shutdown();
        threads.awaitTermination(1, TimeUnit.MINUTES);
        return calls.answer(start);
    }

    private void inTurn(String resource, int count, boolean gateway) {
        for (int number = 0; number < count; number++) {
            try {
                Entry entry = gateway ? throughGateway(resource) : SphU.entry(resource, EntryType.IN);
                passed++;
                entry.exit();
            } catch (BlockException exception) {
                block(exception);
            }
        }
    }

    /** As the adapter for Spring Cloud Gateway does: the route's id is the resource, with the rules' parameters. */
    private static Entry throughGateway(String route) throws BlockException {
        Object[] parameters = NOTHING_TO_READ.parseParameterFor(route, "", rule -> rule.getResourceMode() == 0);
        return SphU.entry(route, ResourceTypeConstants.COMMON_API_GATEWAY, EntryType.IN, parameters);
    }

    private void one(String resource, long millis, boolean fail, CountDownLatch started) {
        Entry entry = null;
        try {
            entry = SphU.entry(resource, EntryType.IN);
            count();
            started.countDown();
            started.await(1, TimeUnit.MINUTES);
            Thread.sleep(millis);
            if (fail) {
                Tracer.traceEntry(new IllegalStateException("as ordered"), entry);
            }
        } catch (BlockException exception) {
            block(exception);
            started.countDown();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } finally {
            if (entry != null) {
                entry.exit();
            }
        }
    }

    private synchronized void count() {
        passed++;
    }

    private synchronized void block(BlockException exception) {
        blocked.merge(exception.getClass().getSimpleName(), 1, Integer::sum);
    }

    private Map<String, Object> counts() {
        return Map.of("passed", passed, "blocked", blocked);
    }

    private Map<String, Object> answer(long start) {
        return Map.of("passed", passed, "blocked", blocked, "millis", System.currentTimeMillis() - start);
    }

    /** A request of which rules without parameters read nothing. */
    private static final class PlainRequest implements RequestItemParser<String> {
        @Override
        public String getPath(String request) {
            return "/";
        }

        @Override
        public String getRemoteAddress(String request) {
            return "127.0.0.1";
        }

        @Override
        public String getHeader(String request, String key) {
            return null;
        }

        @Override
        public String getUrlParam(String request, String name) {
            return null;
        }

        @Override
        public String getCookieValue(String request, String name) {
            return null;
        }
    }
}
