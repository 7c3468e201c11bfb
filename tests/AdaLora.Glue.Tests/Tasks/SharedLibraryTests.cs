using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests.Tasks;

public sealed class SharedLibraryTests
{
    /// <summary>Tasks are known through an interface alone.</summary>
    [Fact]
    public void The_shared_library_names_no_classifier() =>
        Assert.All(
            Directory.GetFiles(Path.Combine(RepositoryFolders.Root, "samples", "AdaLora.Experiments"), "*.cs", SearchOption.AllDirectories),
            path => Assert.DoesNotContain("SequenceClassifier", File.ReadAllText(path), StringComparison.Ordinal));
}
