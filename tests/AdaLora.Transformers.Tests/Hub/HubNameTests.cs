using AdaLora.Transformers.Hub;
using Xunit;

namespace AdaLora.Transformers.Tests.Hub;

public sealed class HubNameTests
{
    [Theory]
    [InlineData("microsoft/deberta-v3-base", "microsoft/deberta-v3-base", "main", "models--microsoft--deberta-v3-base")]
    [InlineData("a/b@main", "a/b", "main", "models--a--b")]
    [InlineData("FacebookAI/roberta_base.v1@v1.0", "FacebookAI/roberta_base.v1", "v1.0", "models--FacebookAI--roberta_base.v1")]
    [InlineData("a/b@refs/pr/12", "a/b", "refs/pr/12", "models--a--b")]
    public void Names_have_owner_name_and_revision(string text, string repository, string revision, string folder)
    {
        var name = HubName.TryParse(text)!;

        Assert.Equal(repository, name.Repository);
        Assert.Equal(revision, name.Revision);
        Assert.Equal(folder, name.FolderName);
        Assert.True(HubCheckpoint.IsName(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("bert")]
    [InlineData("a/b/c")]
    [InlineData("/a/b")]
    [InlineData("./b")]
    [InlineData("../b")]
    [InlineData("a/..")]
    [InlineData("a/b..c")]
    [InlineData("a/-b")]
    [InlineData("a/b--c")]
    [InlineData("a/b.")]
    [InlineData("a\\b/c")]
    [InlineData("C:/b")]
    [InlineData("a/b?x=1")]
    [InlineData("a/b#c")]
    [InlineData("a/b c")]
    [InlineData("a/b\n")]
    [InlineData("a/b@")]
    [InlineData("a/b@..")]
    [InlineData("a/b@../../x")]
    [InlineData("a/b@refs//x")]
    [InlineData("a/b@/etc")]
    [InlineData("a/b@x\\..\\y")]
    [InlineData("a/b@x:y")]
    [InlineData("a/b@x\n")]
    public void What_could_lead_elsewhere_is_no_name(string text) => Assert.False(HubCheckpoint.IsName(text));
}
