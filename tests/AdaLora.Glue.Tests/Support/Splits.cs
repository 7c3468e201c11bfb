using AdaLora.Glue.Tasks;

namespace AdaLora.Glue.Tests;

internal static class Splits
{
    /// <summary>Split and task of a manifest key such as "SST-2/dev".</summary>
    public static (GlueTask Task, GlueSplit Split) Parse(string key)
    {
        var parts = key.Split('/');
        return (GlueTasks.Find(parts[0]), Enum.Parse<GlueSplit>(parts[1], ignoreCase: true));
    }
}
