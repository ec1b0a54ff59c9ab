"""JSON schemas of the kinds of Kubernetes that deploy/kubernetes uses, with the fields that it uses and no others.

They are cut from the API's own (1.30), so a misspelt or misplaced field is found without a cluster. A new field of a
manifest needs a line here, from the API's reference.
"""

from typing import Any, Final

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string", "minLength": 1}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
FLAG: Final[Schema] = {"type": "boolean"}
LABELS: Final[Schema] = {"type": "object", "additionalProperties": {"type": "string"}}
AMOUNT: Final[Schema] = {"type": "string", "pattern": r"^[0-9]+(m|Mi|Gi)?$"}
PORT: Final[Schema] = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, TEXT]}
TEXTS: Final[Schema] = {"type": "array", "items": TEXT, "minItems": 1}


def fields(*needed: str, **known: Schema) -> Schema:
    """An object with these fields alone."""
    return {"type": "object", "properties": known, "required": list(needed), "additionalProperties": False}


def one_of(*values: str) -> Schema:
    """One of these texts."""
    return {"enum": list(values)}


def many(item: Schema) -> Schema:
    """A list of at least one."""
    return {"type": "array", "items": item, "minItems": 1}


SELECTOR: Final = fields("matchLabels", matchLabels=LABELS)
META: Final = fields("name", "labels", name=TEXT, labels=LABELS, annotations=LABELS)
PROBE: Final = fields(
    "httpGet",
    httpGet=fields("path", "port", path=TEXT, port=PORT),
    periodSeconds=COUNT,
    timeoutSeconds=COUNT,
    failureThreshold=COUNT,
)
_SECURITY_OF_CONTAINER: Final = fields(
    allowPrivilegeEscalation=FLAG, readOnlyRootFilesystem=FLAG, capabilities=fields("drop", drop=TEXTS)
)
_VARIABLE: Final = fields(
    "name", name=TEXT, value=TEXT, valueFrom=fields("fieldRef", fieldRef=fields("fieldPath", fieldPath=TEXT))
)
CONTAINER: Final = fields(
    "name",
    "image",
    "resources",
    "securityContext",
    name=TEXT,
    image=TEXT,
    imagePullPolicy=one_of("IfNotPresent", "Always"),
    command=TEXTS,
    args=TEXTS,
    ports=many(fields("name", "containerPort", name=TEXT, containerPort=COUNT)),
    env=many(_VARIABLE),
    envFrom=many(fields("secretRef", secretRef=fields("name", name=TEXT))),
    lifecycle=fields("preStop", preStop=fields("exec", exec=fields("command", command=TEXTS))),
    resources=fields(
        "requests", "limits", requests=fields(cpu=AMOUNT, memory=AMOUNT), limits=fields(cpu=AMOUNT, memory=AMOUNT)
    ),
    startupProbe=PROBE,
    livenessProbe=PROBE,
    readinessProbe=PROBE,
    securityContext=_SECURITY_OF_CONTAINER,
    volumeMounts=many(fields("name", "mountPath", name=TEXT, mountPath=TEXT, readOnly=FLAG)),
)
POD: Final = fields(
    "containers",
    "securityContext",
    containers=many(CONTAINER),
    enableServiceLinks=FLAG,
    automountServiceAccountToken=FLAG,
    restartPolicy=one_of("Always", "OnFailure", "Never"),
    terminationGracePeriodSeconds=COUNT,
    securityContext=fields(
        "runAsNonRoot",
        runAsNonRoot=FLAG,
        runAsUser=COUNT,
        runAsGroup=COUNT,
        fsGroup=COUNT,
        seccompProfile=fields("type", type=one_of("RuntimeDefault")),
    ),
    topologySpreadConstraints=many(
        fields(
            "maxSkew",
            "topologyKey",
            "whenUnsatisfiable",
            maxSkew=COUNT,
            topologyKey=TEXT,
            whenUnsatisfiable=one_of("ScheduleAnyway", "DoNotSchedule"),
            labelSelector=SELECTOR,
        )
    ),
    volumes=many(fields("name", name=TEXT, configMap=fields("name", name=TEXT), emptyDir={"type": "object"})),
)
TEMPLATE: Final = fields("metadata", "spec", metadata=fields("labels", labels=LABELS, annotations=LABELS), spec=POD)
_TARGET: Final = fields(
    "apiVersion", "kind", "name", apiVersion=TEXT, kind=one_of("Deployment", "StatefulSet"), name=TEXT
)
_POLICIES: Final = fields(
    "policies",
    stabilizationWindowSeconds=COUNT,
    policies=many(
        fields("type", "value", "periodSeconds", type=one_of("Pods", "Percent"), value=COUNT, periodSeconds=COUNT)
    ),
)
_RESOURCE: Final = fields(
    "name",
    "target",
    name=one_of("cpu", "memory"),
    target=fields("type", type=one_of("Utilization"), averageUtilization=COUNT),
)
_BACKEND: Final = fields("service", service=fields("name", "port", name=TEXT, port=fields("name", name=TEXT)))
_PATH: Final = fields("path", "pathType", "backend", path=TEXT, pathType=one_of("Prefix", "Exact"), backend=_BACKEND)
_PEER: Final = fields(podSelector=SELECTOR, namespaceSelector=SELECTOR)
_OPEN_PORT: Final = fields("port", protocol=one_of("TCP", "UDP"), port=COUNT)

SPECS: Final[dict[tuple[str, str], Schema]] = {
    ("apps/v1", "Deployment"): fields(
        "selector",
        "template",
        replicas=COUNT,
        selector=SELECTOR,
        template=TEMPLATE,
        strategy=fields(
            "type", type=one_of("RollingUpdate"), rollingUpdate=fields(maxSurge=COUNT, maxUnavailable=COUNT)
        ),
    ),
    ("apps/v1", "StatefulSet"): fields(
        "selector",
        "template",
        "serviceName",
        replicas=COUNT,
        selector=SELECTOR,
        template=TEMPLATE,
        serviceName=TEXT,
        podManagementPolicy=one_of("Parallel", "OrderedReady"),
    ),
    ("batch/v1", "Job"): fields("template", template=TEMPLATE, backoffLimit=COUNT),
    ("v1", "Service"): fields(
        "selector",
        "ports",
        selector=LABELS,
        clusterIP=one_of("None"),
        publishNotReadyAddresses=FLAG,
        ports=many(fields("name", "port", name=TEXT, port=COUNT, targetPort=PORT)),
    ),
    ("autoscaling/v2", "HorizontalPodAutoscaler"): fields(
        "scaleTargetRef",
        "maxReplicas",
        scaleTargetRef=_TARGET,
        minReplicas=COUNT,
        maxReplicas=COUNT,
        metrics=many(fields("type", "resource", type=one_of("Resource"), resource=_RESOURCE)),
        behavior=fields(scaleUp=_POLICIES, scaleDown=_POLICIES),
    ),
    ("policy/v1", "PodDisruptionBudget"): fields("selector", selector=SELECTOR, maxUnavailable=COUNT),
    ("networking.k8s.io/v1", "NetworkPolicy"): fields(
        "podSelector",
        podSelector={"type": "object"},
        policyTypes=many(one_of("Ingress", "Egress")),
        ingress=many(fields(**{"from": many(_PEER), "ports": many(_OPEN_PORT)})),
    ),
    ("networking.k8s.io/v1", "Ingress"): fields(
        "rules",
        ingressClassName=TEXT,
        tls=many(fields("hosts", "secretName", hosts=TEXTS, secretName=TEXT)),
        rules=many(fields("host", "http", host=TEXT, http=fields("paths", paths=many(_PATH)))),
    ),
}


def schema_of(manifest: dict[str, Any]) -> Schema:
    """Return the schema of a manifest, whose kind must be known here."""
    spec = SPECS[manifest["apiVersion"], manifest["kind"]]
    return fields("apiVersion", "kind", "metadata", "spec", apiVersion=TEXT, kind=TEXT, metadata=META, spec=spec)
