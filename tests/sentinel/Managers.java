import com.alibaba.csp.sentinel.adapter.gateway.common.api.*;
import com.alibaba.csp.sentinel.adapter.gateway.common.rule.*;
import com.alibaba.csp.sentinel.slots.block.authority.*;
import com.alibaba.csp.sentinel.slots.block.degrade.*;
import com.alibaba.csp.sentinel.slots.block.flow.*;
import com.alibaba.csp.sentinel.slots.block.flow.param.*;
import com.alibaba.csp.sentinel.slots.system.*;
import com.alibaba.fastjson.JSON;
import com.alibaba.fastjson.JSONArray;
import com.alibaba.fastjson.JSONObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Loads lists of rules into the real managers of Sentinel 1.8.9 and prints how many of each list they keep.
 *
 * Input: a JSON array of {kind, rules}. Output: a JSON array of numbers; for system rules, of how many limits are on.
 */
public class Managers {
    public static void main(String[] arguments) throws Exception {
        String text = new String(Files.readAllBytes(Path.of(arguments[0])), StandardCharsets.UTF_8);
        JSONArray kept = new JSONArray();
        for (Object entry : JSON.parseArray(text)) {
            JSONObject list = (JSONObject) entry;
            kept.add(kept(list.getString("kind"), list.getJSONArray("rules")));
        }
        System.out.println(kept.toJSONString());
        System.exit(0);
    }

    static int kept(String kind, JSONArray rules) throws Exception {
        switch (kind) {
            case "flow":
                FlowRuleManager.loadRules(rules.toJavaList(FlowRule.class));
                return FlowRuleManager.getRules().size();
            case "degrade":
                DegradeRuleManager.loadRules(rules.toJavaList(DegradeRule.class));
                return DegradeRuleManager.getRules().size();
            case "system":
                SystemRuleManager.loadRules(rules.toJavaList(SystemRule.class));
                return SystemRuleManager.getRules().size();
            case "authority":
                AuthorityRuleManager.loadRules(rules.toJavaList(AuthorityRule.class));
                return AuthorityRuleManager.getRules().size();
            case "param-flow":
                ParamFlowRuleManager.loadRules(rules.toJavaList(ParamFlowRule.class));
                return ParamFlowRuleManager.getRules().size();
            case "gateway-flow":
                GatewayRuleManager.loadRules(new HashSet<>(rules.toJavaList(GatewayFlowRule.class)));
                return GatewayRuleManager.getRules().size();
            default:
                GatewayApiDefinitionManager.loadApiDefinitions(groups(rules));
                return GatewayApiDefinitionManager.getApiDefinitions().size();
        }
    }

    static Set<ApiDefinition> groups(JSONArray rules) {
        Set<ApiDefinition> groups = new HashSet<>();
        for (Object entry : rules) {
            JSONObject group = (JSONObject) entry;
            JSONArray items = group.getJSONArray("predicateItems");
            List<ApiPathPredicateItem> paths = items == null ? null : items.toJavaList(ApiPathPredicateItem.class);
            Set<ApiPredicateItem> predicates = paths == null ? null : new HashSet<>(paths);
            groups.add(new ApiDefinition(group.getString("apiName")).setPredicateItems(predicates));
        }
        return groups;
    }
}
