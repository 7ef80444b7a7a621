package io.graymesh.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * One warm JVM that builds a fresh gateway for each configuration.
 *
 * <p>A line on standard input is {@code {"file": path, "properties": {name: value}}}; the answer, a line on standard
 * output, is {@code {"port": number}} or {@code {"refused": message}}. Logs go to standard error. The end of the input
 * ends the process.
 */
public final class Harness {
    private static final ObjectMapper JSON = new ObjectMapper();
    private ConfigurableApplicationContext running;

    public static void main(String[] arguments) throws IOException {
        PrintStream answers = System.out;
        System.setOut(System.err);
        Harness harness = new Harness();
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = orders.readLine(); line != null; line = orders.readLine()) {
            answers.println(JSON.writeValueAsString(harness.answer(JSON.readTree(line))));
            answers.flush();
        }
        System.exit(0);
    }

    private Map<String, Object> answer(JsonNode order) {
        if (running != null) {
            running.close();
            running = null;
        }
        try {
            running = new SpringApplicationBuilder(Gateway.class).run(arguments(order));
            return Map.of("port", running.getEnvironment().getRequiredProperty("local.server.port", Integer.class));
        } catch (Exception refused) {
            return Map.of("refused", words(refused));
        }
    }

    private static String[] arguments(JsonNode order) {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("graymesh.configuration", order.get("file").asText());
        for (Map.Entry<String, JsonNode> each : order.path("properties").properties()) {
            properties.put(each.getKey(), each.getValue().asText());
        }
        return properties.entrySet().stream()
                .map(each -> "--" + each.getKey() + "=" + each.getValue())
                .toArray(String[]::new);
    }

    /** The messages of the exception and of all its causes, outermost first. */
    private static String words(Throwable thrown) {
        StringBuilder found = new StringBuilder();
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            found.append(found.length() == 0 ? "" : " <- ").append(each.getClass().getSimpleName());
            found.append(": ").append(each.getMessage());
        }
        return found.toString();
    }
}
