package io.graymesh.conformance;

import com.alibaba.fastjson.JSON;
import com.alibaba.fastjson.JSONObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * A process as an operator runs it: it loads rule files through Sentinel's file data sources, and enters resources.
 *
 * <p>Each line on standard input is an order, each line on standard output its answer; the end of the input ends the
 * process.
 *
 * <ul>
 *   <li>{@code {"order": "load", "files": {kind: path}}}: what all managers hold afterwards, {@code {kind: [rule]}}
 *   <li>{@code {"order": "bursts", "bursts": [{"resource", "count"}], "gateway"}}: so many calls of each resource at the
 *       start of one second, one after another, each over at once
 *   <li>{@code {"order": "calls", "resource", "count", "millis", "fail"}}: so many calls at the same time, each of that
 *       length
 * </ul>
 *
 * The last answers {@code {"passed": number, "blocked": {exception: number}, "millis": number}}, the one before a list of
 * such under {@code "bursts"} with the time for all of them.
 */
public final class Harness {
    public static void main(String[] arguments) throws IOException {
        PrintStream answers = System.out;
        System.setOut(System.err);
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = orders.readLine(); line != null; line = orders.readLine()) {
            answers.println(JSON.toJSONString(answer(JSON.parseObject(line))));
            answers.flush();
        }
        System.exit(0);
    }

    private static Object answer(JSONObject order) {
        try {
            switch (order.getString("order")) {
                case "load":
                    return Rules.load(order.getJSONObject("files"));
                case "bursts":
                    return Calls.bursts(order.getJSONArray("bursts"), order.getBooleanValue("gateway"));
                case "calls":
                    return Calls.together(
                            order.getString("resource"),
                            order.getIntValue("count"),
                            order.getLongValue("millis"),
                            order.getBooleanValue("fail"));
                default:
                    return Map.of("refused", "there is no such order");
            }
        } catch (Exception refused) {
            return Map.of("refused", String.valueOf(refused));
        }
    }
}
