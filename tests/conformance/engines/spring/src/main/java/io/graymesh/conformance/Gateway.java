package io.graymesh.conformance;

import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;

/** An application with nothing of its own: what it does comes from its configuration. */
@SpringBootConfiguration
@EnableAutoConfiguration
public class Gateway {}
