namespace AdaLora.Glue.Metrics;

/// <summary>The names of metrics in tables and in metrics.json.</summary>
internal static class MetricNames
{
    public const string Accuracy = "accuracy";
    public const string F1 = "f1";
    public const string MacroF1 = "f1_macro";
    public const string MicroF1 = "f1_micro";
    public const string Matthews = "matthews";
    public const string Pearson = "pearson";
    public const string Spearman = "spearman";
}
