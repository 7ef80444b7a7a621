package io.graymesh.conformance;

import com.alibaba.csp.sentinel.adapter.gateway.common.api.ApiDefinition;
import com.alibaba.csp.sentinel.adapter.gateway.common.api.ApiPathPredicateItem;
import com.alibaba.csp.sentinel.adapter.gateway.common.api.ApiPredicateItem;
import com.alibaba.csp.sentinel.adapter.gateway.common.api.GatewayApiDefinitionManager;
import com.alibaba.csp.sentinel.adapter.gateway.common.rule.GatewayFlowRule;
import com.alibaba.csp.sentinel.adapter.gateway.common.rule.GatewayRuleManager;
import com.alibaba.csp.sentinel.datasource.Converter;
import com.alibaba.csp.sentinel.datasource.FileRefreshableDataSource;
import com.alibaba.csp.sentinel.property.DynamicSentinelProperty;
import com.alibaba.csp.sentinel.property.SentinelProperty;
import com.alibaba.csp.sentinel.slots.block.authority.AuthorityRule;
import com.alibaba.csp.sentinel.slots.block.authority.AuthorityRuleManager;
import com.alibaba.csp.sentinel.slots.block.degrade.DegradeRule;
import com.alibaba.csp.sentinel.slots.block.degrade.DegradeRuleManager;
import com.alibaba.csp.sentinel.slots.block.flow.FlowRule;
import com.alibaba.csp.sentinel.slots.block.flow.FlowRuleManager;
import com.alibaba.csp.sentinel.slots.block.flow.param.ParamFlowRule;
import com.alibaba.csp.sentinel.slots.block.flow.param.ParamFlowRuleManager;
import com.alibaba.csp.sentinel.slots.system.SystemRule;
import com.alibaba.csp.sentinel.slots.system.SystemRuleManager;
import com.alibaba.fastjson.JSON;
import com.alibaba.fastjson.JSONArray;
import com.alibaba.fastjson.JSONObject;
import java.io.File;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Rule files, through the data source that Sentinel has for files, into its managers. */
final class Rules {
    private Rules() {}

    /** Puts these files, and nothing else, before the managers; answers what they hold. */
    static Map<String, Collection<?>> load(JSONObject files) throws Exception {
        FlowRuleManager.register2Property(list(files.getString("flow"), FlowRule.class));
        DegradeRuleManager.register2Property(list(files.getString("degrade"), DegradeRule.class));
        SystemRuleManager.register2Property(list(files.getString("system"), SystemRule.class));
        AuthorityRuleManager.register2Property(list(files.getString("authority"), AuthorityRule.class));
        ParamFlowRuleManager.register2Property(list(files.getString("param-flow"), ParamFlowRule.class));
        GatewayRuleManager.register2Property(property(files.getString("gateway-flow"), Rules::limits, Set.of()));
        GatewayApiDefinitionManager.register2Property(property(files.getString("api-groups"), Rules::groups, Set.of()));
        return held();
    }

    private static Map<String, Collection<?>> held() {
        Map<String, Collection<?>> held = new LinkedHashMap<>();
        held.put("flow", FlowRuleManager.getRules());
        held.put("degrade", DegradeRuleManager.getRules());
        held.put("system", SystemRuleManager.getRules());
        held.put("authority", AuthorityRuleManager.getRules());
        held.put("param-flow", ParamFlowRuleManager.getRules());
        held.put("gateway-flow", GatewayRuleManager.getRules());
        held.put("api-groups", GatewayApiDefinitionManager.getApiDefinitions());
        return held;
    }

    private static <T> SentinelProperty<List<T>> list(String path, Class<T> type) throws Exception {
        return property(path, text -> JSON.parseArray(text, type), List.of());
    }

    private static <T> SentinelProperty<T> property(String path, Converter<String, T> read, T none) throws Exception {
        if (path == null) {
            return new DynamicSentinelProperty<>(none);
        }
        FileRefreshableDataSource<T> source = new FileRefreshableDataSource<>(new File(path), read);
        source.close(); // the first reading is done; nobody edits the file
        return source.getProperty();
    }

    private static Set<GatewayFlowRule> limits(String text) {
        return new HashSet<>(JSON.parseArray(text, GatewayFlowRule.class));
    }

    private static Set<ApiDefinition> groups(String text) {
        Set<ApiDefinition> groups = new HashSet<>();
        for (Object each : JSON.parseArray(text)) {
            JSONObject group = (JSONObject) each;
            groups.add(new ApiDefinition(group.getString("apiName")).setPredicateItems(items(group)));
        }
        return groups;
    }

    private static Set<ApiPredicateItem> items(JSONObject group) {
        JSONArray items = group.getJSONArray("predicateItems");
        return items == null ? null : new HashSet<>(items.toJavaList(ApiPathPredicateItem.class));
    }
}
