using Xunit;

namespace AdaLora.Glue.Tests;

/// <summary>Tests that draw run one after the other: the application draws on one thread, and the plot library keeps fonts in static state.</summary>
[CollectionDefinition(Name)]
public sealed class Pictures
{
    public const string Name = "pictures";
}
